/** The program of the check's pods, in two network namespaces, over a link that loses big packets or everything. Needs root and iproute2. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { run } from '#host/run.ts'
import type { Answer, Ask } from './probe.ts'

const program = fileURLToPath(new URL('probe.ts', import.meta.url))
const [here, there] = [`podnetasks${process.pid}`, `podnettarget${process.pid}`]
const port = 8080
let target: ReturnType<typeof spawn>

before(async () => {
  for (const name of [here, there]) {
    await run('ip', ['netns', 'add', name])
    await run('ip', ['-netns', name, 'link', 'set', 'lo', 'up'])
  }
  await run('ip', ['-netns', here, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', there])
  for (const [name, last] of [
    [here, 1],
    [there, 2],
  ] as const) {
    await run('ip', ['-netns', name, 'address', 'add', `198.51.100.${last}/24`, 'dev', 'eth0'])
    await run('ip', ['-netns', name, 'address', 'add', `fd98::${last}/64`, 'dev', 'eth0', 'nodad'])
    await run('ip', ['-netns', name, 'link', 'set', 'eth0', 'up'])
  }
  target = spawn('ip', ['netns', 'exec', there, process.execPath, program, 'target'], {
    env: { ...process.env, PORT: String(port) },
    stdio: 'inherit',
  })
  for (let round = 0; round < 200; round += 1) {
    if ((await ask([{ id: 'up', do: 'open', to: '198.51.100.2', port }]))[0]?.problem === '') return
    await delay(20)
  }
  assert.fail('the target does not answer')
})
after(async () => {
  target.kill('SIGTERM')
  await once(target, 'close')
  for (const name of [here, there]) await run('ip', ['netns', 'delete', name])
})

test('connections, datagrams and full packets of both families, with the address that the other side saw', async () => {
  for (const [to, own] of [
    ['198.51.100.2', '198.51.100.1'],
    ['fd98::2', 'fd98::1'],
  ] as const) {
    const answers = await ask((['tcp', 'open', 'udp', 'full'] as const).map((way) => ({ id: way, do: way, to, port })))
    assert.deepEqual(answers.map(({ id, problem }) => [id, problem]).toSorted(), [
      ['full', ''],
      ['open', ''],
      ['tcp', ''],
      ['udp', ''],
    ])
    assert.deepEqual(answers.find(({ id }) => id === 'tcp')!.seen, [own])
    assert.equal(answers.find(({ id }) => id === 'full')!.sizeBytes, to.includes(':') ? 1452 : 1472)
  }
})

test('a link that carries less than it says loses full packets only', async (t) => {
  await run('ip', ['-netns', there, 'link', 'set', 'eth0', 'mtu', '1400'])
  t.after(() => run('ip', ['-netns', there, 'link', 'set', 'eth0', 'mtu', '1500']))
  const answers = await ask([
    { id: 'udp', do: 'udp', to: '198.51.100.2', port },
    { id: 'full', do: 'full', to: '198.51.100.2', port },
  ])
  assert.deepEqual(Object.fromEntries(answers.map(({ id, problem }) => [id, problem])), {
    udp: '',
    full: 'no answer within 2 s to 1472 bytes',
  })
})

test('nobody there', async () => {
  const answers = await ask([
    { id: 'tcp', do: 'tcp', to: '198.51.100.2', port: 9 },
    { id: 'dns', do: 'dns', to: 'nobody.invalid', port: 0 },
  ])
  assert.match(answers.find(({ id }) => id === 'tcp')!.problem, /ECONNREFUSED/)
  assert.notEqual(answers.find(({ id }) => id === 'dns')!.problem, '')
})

async function ask(asks: readonly Ask[]): Promise<Answer[]> {
  const { stdout } = await run('ip', ['netns', 'exec', here, process.execPath, program, 'asker'], {
    env: { ASKS: JSON.stringify(asks) },
    timeoutMs: 30_000,
  })
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Answer)
}

import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { type Log, silentLog } from '#lib/log.ts'
import { startHealthServer } from './health-server.ts'

test('health is served where the configuration says, and nothing else is', async (t) => {
  const server = await startHealthServer({ healthzBindAddress: '127.0.0.1', healthzPort: await freePort() }, silentLog)
  t.after(() => server!.close())
  const get = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${server!.port}${path}`)
    return `${answer.status} ${await answer.text()}`
  }
  assert.equal(await get('/healthz'), '200 ok')
  assert.equal(await get('/healthz/syncloop'), '200 ok')
  assert.match(await get('/healthz?verbose'), /^200 \[\+\]ping ok\n/)
  for (const path of ['/healthz/nothing', '/metrics', '/pods', '/']) assert.match(await get(path), /^404 /)
})

test('port 0 asks for none, and one that is taken ends nothing but is told of', async (t) => {
  assert.equal(await startHealthServer({ healthzBindAddress: '127.0.0.1', healthzPort: 0 }, silentLog), undefined)
  const taken = createServer().listen(0, '127.0.0.1')
  t.after(() => taken.close())
  await new Promise((resolve) => taken.once('listening', resolve))
  const said: string[] = []
  const log: Log = { ...silentLog, error: (message) => void said.push(message) }
  const { port } = taken.address() as { port: number }
  assert.equal(await startHealthServer({ healthzBindAddress: '127.0.0.1', healthzPort: port }, log), undefined)
  assert.deepEqual(said, ['health is not served at the port of its own'])
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

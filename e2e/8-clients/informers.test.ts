/** Informers of JavaScript and Go, whose connection is cut, whose server is killed, whose past is forgotten: their caches equal the list. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { CoreV1Api, KubeConfig, makeInformer, type V1ConfigMap } from '@kubernetes/client-node'
import { type Cable, layCable } from '../support/cable.ts'
import { until } from '../support/cluster.ts'
import { buildGo, goProblem } from '../support/programs.ts'
import { startServer, type TestServer } from '../support/server.ts'

/** Names and resource versions. */
type Versions = Record<string, string>

interface Informed {
  /** What the library's cache holds. */
  cache(): Promise<Versions>
  /** What the handlers of events were told, added up: it shows an event that is missing, or out of order. */
  told(): Promise<Versions>
  /** How often it had to read everything. */
  relists(): Promise<number>
  stop(): Promise<void>
}

/** Go's reflector waits for up to 30 s and as much again by chance after many failures in a row. */
const longestPauseMs = 90_000
const path = '/api/v1/namespaces/default/configmaps'
const folder = mkdtempSync(join(tmpdir(), 'wherry-informers-'))
const withoutGo = goProblem(folder)
let server: TestServer
let cable: Cable
const informed = new Map<string, Informed>()

before(async () => {
  server = await startServer()
  cable = await layCable(server.port)
  const kubeconfig = server.kubeconfigThrough(cable.port)
  informed.set('JavaScript', await informJavaScript(kubeconfig))
  if (withoutGo === undefined) informed.set('Go', await informGo(buildGo(folder), kubeconfig))
})
after(async () => {
  for (const one of informed.values()) await one.stop()
  await cable?.close()
  await server?.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('caches equal the list', () => {
  test('in Go too', { skip: withoutGo ?? false }, () => assert.ok(informed.has('Go')))

  test('after cuts under load, going on from where they were', async () => {
    const before = await relists()
    const writer = write()
    for (let round = 0; round < 10; round += 1) {
      await delay(150)
      cable.cut()
    }
    await writer.stop()
    await allEqual()
    assert.deepEqual(await relists(), before)
  })

  test('after the server was killed under load, again and again', async () => {
    for (let round = 0; round < 3; round += 1) {
      const writer = write()
      await delay(300)
      await server.kill()
      await server.start()
      await writer.stop()
      await allEqual()
    }
  })

  test('after a pause in which the server forgot what they last saw', async () => {
    await changeAll('present before the pause')
    await allEqual()
    const before = await relists()
    cable.pull()
    // The server keeps 16 MiB of history for a kind: this is more, of few objects.
    const data = { filling: 'x'.repeat(200_000) }
    for (let round = 0; round < 120; round += 1)
      await server.ask('PATCH', `${path}/t${round % 4}`, { data: { ...data, round: `${round}` } }, 'application/merge-patch+json')
    await server.ask('DELETE', `${path}/t5`)
    cable.join()
    await allEqual()
    for (const [at, count] of (await relists()).entries())
      assert.ok(count > before[at]!, `${[...informed.keys()][at]} read everything anew`)
    assert.equal((await listed())['t5'], undefined)
  })

  test('after everything at once', async () => {
    const writer = write()
    await delay(200)
    cable.pull()
    await server.kill()
    await server.start()
    cable.join()
    await delay(200)
    cable.cut()
    await writer.stop()
    await allEqual()
  })
})

const relists = (): Promise<number[]> => Promise.all([...informed.values()].map((one) => one.relists()))

async function listed(): Promise<Versions> {
  const { items } = (await server.ask('GET', `${path}?labelSelector=torture`)) as {
    items: { metadata: { name: string; resourceVersion: string } }[]
  }
  return Object.fromEntries(items.map(({ metadata }) => [metadata.name, metadata.resourceVersion]))
}

async function allEqual(): Promise<void> {
  const wanted = sorted(await listed())
  assert.ok(Object.keys(wanted).length > 0)
  for (const [name, one] of informed)
    for (const look of ['cache', 'told'] as const) {
      let found: Versions = {}
      const same = async () => JSON.stringify((found = sorted(await one[look]()))) === JSON.stringify(wanted)
      await until(`${look} of ${name} equals the list`, same, longestPauseMs).catch(() =>
        assert.deepEqual(found, wanted, `${look} of ${name}`),
      )
    }
}

const sorted = (versions: Versions): Versions => Object.fromEntries(Object.entries(versions).sort(([a], [b]) => (a < b ? -1 : 1)))

async function changeAll(text: string): Promise<void> {
  for (let i = 0; i < 6; i += 1) {
    const body = { metadata: { name: `t${i}`, labels: { torture: 'yes' } }, data: { text } }
    await server.ask(
      'PATCH',
      `${path}/t${i}?fieldManager=torture&force=true`,
      { apiVersion: 'v1', kind: 'ConfigMap', ...body },
      'application/apply-patch+yaml',
    )
  }
}

/** Creates, changes, relabels and deletes a hundred objects until stopped. A server that is away is what this is about: it goes on when it is back. */
function write(): { stop(): Promise<void> } {
  let stopped = false
  const writing = (async () => {
    for (let i = 0; !stopped; i += 1) {
      const name = `w${(i * 37) % 101}`
      const labels = i % 11 === 0 ? {} : { torture: 'yes' }
      const applied = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels }, data: { i: `${i}` } }
      const done =
        i % 7 === 0
          ? server.ask('DELETE', `${path}/${name}`)
          : server.ask('PATCH', `${path}/${name}?fieldManager=torture&force=true`, applied, 'application/apply-patch+yaml')
      await done.catch((error: unknown) => {
        const text = error instanceof Error ? `${error.message} ${'code' in error ? error.code : ''}` : ''
        if (!/answered with 404|ECONNREFUSED|ECONNRESET|EPIPE|socket hang up/.test(text)) throw error
        return /404/.test(text) ? undefined : delay(20)
      })
    }
  })()
  return {
    async stop() {
      stopped = true
      await writing
    },
  }
}

async function informJavaScript(kubeconfig: string): Promise<Informed> {
  const config = new KubeConfig()
  config.loadFromFile(kubeconfig)
  const core = config.makeApiClient(CoreV1Api)
  let relists = 0
  let stopped = false
  const told = new Map<string, string>()
  const informer = makeInformer<V1ConfigMap>(
    config,
    path,
    async () => {
      const list = await core.listNamespacedConfigMap({ namespace: 'default', labelSelector: 'torture' })
      relists += 1
      return list
    },
    'torture',
  )
  for (const event of ['add', 'update'] as const)
    informer.on(event, ({ metadata }) => void told.set(metadata!.name!, metadata!.resourceVersion!))
  informer.on('delete', ({ metadata }) => void told.delete(metadata!.name!))
  // Starting anew after an error is left to users of this library.
  informer.on('error', () => void (stopped || setTimeout(() => void (stopped || informer.start()), 100)))
  await informer.start()
  return {
    cache: async () => Object.fromEntries(informer.list('default').map(({ metadata }) => [metadata!.name!, metadata!.resourceVersion!])),
    told: async () => Object.fromEntries(told),
    relists: async () => relists,
    async stop() {
      stopped = true
      await informer.stop()
    },
  }
}

async function informGo(program: string, kubeconfig: string): Promise<Informed> {
  const child: ChildProcess = spawn(program, ['informer'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, KUBECONFIG: kubeconfig },
  })
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`the Go informer ended with ${child.exitCode}`)
    return value
  }
  assert.equal(await next(), 'synced')
  const state = async (): Promise<{ cache: Versions; told: Versions; whole: number }> => {
    child.stdin!.write('\n')
    return JSON.parse(await next())
  }
  return {
    cache: async () => (await state()).cache,
    told: async () => (await state()).told,
    relists: async () => (await state()).whole,
    stop: async () => void child.kill('SIGTERM'),
  }
}

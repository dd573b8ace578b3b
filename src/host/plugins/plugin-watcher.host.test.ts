import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { systemClock } from '#host/clock.ts'
import { createPluginWatcher, type PluginHandler, type PluginInfo } from '#kubelet/plugins/plugin-watcher.ts'
import { getInfo, notifyRegistrationStatus } from '#kubelet/plugins/registration.ts'
import { served } from '#kubelet/plugins/rpc.ts'
import { silentLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import { dialRpc, serveRpc } from './rpc.ts'
import { socketFolder } from './socket-folder.ts'

test('a plug-in that is there, comes or goes is registered and deregistered', async (t) => {
  const { directory, told, start } = await stage(t)
  await plugin(t, join(directory, 'early.sock'), 'early')
  await start()
  await told('register early')
  const later = await plugin(t, join(directory, 'later.sock'), 'later')
  await told('register later')
  assert.deepEqual(later.statuses, [], 'told only after it was taken')
  await later.notified()
  assert.deepEqual(later.statuses, ['registered'])
  await later.close()
  await told('deregister later')
})

test('sockets in folders below count, hidden ones and files do not', async (t) => {
  const { directory, calls, told, start } = await stage(t)
  await start()
  await writeFile(join(directory, 'file.sock'), '')
  await plugin(t, join(directory, '.hidden.sock'), 'hidden')
  await mkdir(join(directory, 'deep/er'), { recursive: true })
  await plugin(t, join(directory, 'deep/er/one.sock'), 'one')
  await told('register one')
  await rm(join(directory, 'deep'), { recursive: true })
  await told('deregister one')
  assert.deepEqual(calls, ['validate one', 'register one', 'deregister one'])
})

test('links to folders are not followed, be it in a circle', { timeout: 20_000 }, async (t) => {
  const { directory, start, told, calls } = await stage(t)
  await symlink('.', join(directory, 'round'))
  await symlink('..', join(directory, 'out'))
  await plugin(t, join(directory, 'a.sock'), 'a')
  await start()
  await told('register a')
  assert.deepEqual(calls, ['validate a', 'register a'])
})

test('a socket made anew in place is another plug-in', async (t) => {
  const { directory, calls, told, start } = await stage(t)
  await start()
  const first = await plugin(t, join(directory, 'a.sock'), 'first')
  await told('register first')
  await first.notified()
  // Without a pause: both changes may well reach the watcher as one.
  await first.close()
  await plugin(t, join(directory, 'a.sock'), 'second')
  await told('register second')
  assert.deepEqual(calls, ['validate first', 'register first', 'deregister first', 'validate second', 'register second'])
})

test('one that was refused is told why, and tried again', async (t) => {
  const { directory, calls, told, start, handler } = await stage(t)
  let failures = 1
  handler.register = async ({ name }) => {
    calls.push(`register ${name}`)
    if (failures-- > 0) throw new Error('not now')
  }
  await start()
  const made = await plugin(t, join(directory, 'a.sock'), 'a')
  await made.notified()
  assert.deepEqual(made.statuses, ['RegisterPlugin error -- plugin registration failed with err: not now'])
  await told('register a', 2)
  await made.notified()
  assert.equal(made.statuses[1], 'registered')
  const strange = await plugin(t, join(directory, 'b.sock'), 'b', 'OtherPlugin')
  await strange.notified()
  const path = join(directory, 'b.sock')
  assert.deepEqual(strange.statuses, [`RegisterPlugin error -- no handler registered for plugin type: OtherPlugin at socket ${path}`])
})

async function stage(t: TestContext) {
  const directory = join(await mkdtemp(join(tmpdir(), 'plugins-')), 'registry')
  const calls: string[] = []
  const waiting = new Set<() => void>()
  const look = (): void => {
    for (const one of waiting) one()
  }
  const note = (call: string): void => {
    calls.push(call)
    look()
  }
  const handler: { -readonly [K in keyof PluginHandler]: PluginHandler[K] } = {
    validate: async ({ name }) => note(`validate ${name}`),
    register: async ({ name, endpoint }: PluginInfo) => {
      assert.ok(endpoint.startsWith(directory))
      note(`register ${name}`)
    },
    deregister: ({ name }) => note(`deregister ${name}`),
  }
  const watcher = createPluginWatcher({
    directory,
    sockets: socketFolder,
    dial: dialRpc,
    clock: systemClock,
    random: seededRandom(1),
    log: silentLog,
  })
  watcher.handle('TestPlugin', {
    validate: (plugin) => handler.validate(plugin),
    register: (plugin) => handler.register(plugin).finally(look),
    deregister: (plugin) => handler.deregister(plugin),
  })
  t.after(async () => {
    await watcher.close()
    await rm(join(directory, '..'), { recursive: true })
  })
  await mkdir(directory)
  return {
    directory,
    calls,
    handler,
    start: () => watcher.start(),
    /** Resolves once this call has come so many times. */
    told: (call: string, times = 1) =>
      new Promise<void>((resolve) => {
        const check = (): void => {
          if (calls.filter((one) => one === call).length < times) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      }),
  }
}

/** A plug-in that says what it is, and notes what it is told. */
async function plugin(t: TestContext, path: string, name: string, type = 'TestPlugin') {
  const statuses: string[] = []
  let seen = 0
  let wake = () => {}
  const server = await serveRpc(path, [
    served(getInfo, () => ({ type, name, endpoint: '', supportedVersions: ['v1'] })),
    served(notifyRegistrationStatus, ({ pluginRegistered, error }) => {
      statuses.push(pluginRegistered ? 'registered' : (error ?? ''))
      wake()
      return {}
    }),
  ])
  t.after(() => server.close())
  return {
    statuses,
    close: () => server.close(),
    async notified() {
      while (statuses.length === seen) await new Promise<void>((resolve) => (wake = resolve))
      seen = statuses.length
    },
  }
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WherryError } from '#lib/errors.ts'
import { silentLog } from '#lib/log.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { sandboxBasis } from '../check-runtime.ts'
import type { Runtime, SandboxConfig } from '../runtime.ts'
import { withPauseSeccomp } from './pause-seccomp.ts'

const refused = 'failed to start sandbox container task "s": cannot start a stopped process: unknown'

/** `failure`: what the runtime says to a sandbox, by the type of its profile. */
function world(failure: (type: string) => string | undefined = () => undefined) {
  const clock = createVirtualClock(0)
  const tried: string[] = []
  const warned: unknown[] = []
  const runtime = {
    async runSandbox({ security: { seccomp } }: SandboxConfig) {
      tried.push(seccomp.type)
      const message = failure(seccomp.type)
      if (message !== undefined) throw new WherryError('InternalError', message)
      return 'id'
    },
  } as Partial<Runtime> as Runtime
  const log = { ...silentLog, warn: (_message: string, fields: unknown) => void warned.push(fields) }
  const { runSandbox } = withPauseSeccomp(runtime, { profile: '/pause.json', handlers: ['', 'runc'], clock, log })
  /** The types of the profiles that were tried. */
  const run = async (uid: string, runtimeHandler = '', attempt = 0): Promise<string> => {
    const security = { ...sandboxBasis.security, seccomp: { type: 'RuntimeDefault' } as const }
    const metadata = { ...sandboxBasis.metadata, uid, attempt }
    const said = await runSandbox({ ...sandboxBasis, metadata, runtimeHandler, security }).then(
      () => '',
      (error: Error) => `: ${error.message}`,
    )
    return tried.splice(0).join() + said
  }
  return { clock, run, warned }
}

test('only handlers that are known are given the profile', async () => {
  const { run } = world()
  assert.deepEqual([await run('a'), await run('b', 'runc'), await run('c', 'gvisor')], ['Localhost', 'Localhost', 'RuntimeDefault'])
})

test('where a sandbox cannot be made within it, its handler is given it no more, which is told once', async () => {
  const { run, warned } = world((type) => (type === 'Localhost' ? refused : undefined))
  assert.deepEqual(await Promise.all([run('a'), run('b')]).then((all) => all.join().split(',').toSorted()), [
    '',
    'Localhost',
    'Localhost',
    'RuntimeDefault',
    'RuntimeDefault',
  ])
  assert.equal(await run('c'), 'RuntimeDefault')
  assert.equal(await run('d', 'runc'), 'Localhost,RuntimeDefault')
  assert.equal(warned.length, 2)
})

test('where a sandbox cannot be made at all, or its network, that is not the fault of the profile', async () => {
  let message: string | undefined = refused
  const { run, warned } = world(() => message)
  assert.equal(await run('a'), `Localhost,RuntimeDefault: ${refused}`)
  message = 'failed to setup network for sandbox "s": no addresses are left'
  assert.equal(await run('a'), `Localhost: ${message}`)
  message = undefined
  assert.equal(await run('a'), 'Localhost')
  assert.deepEqual(warned, [])
})

test('where one that was made is over at once, the next of its pod is made without', async () => {
  const { run, clock, warned } = world()
  assert.equal(await run('a'), 'Localhost')
  await clock.advance(10_000)
  assert.equal(await run('a', '', 1), 'Localhost', 'it ended by something else')
  assert.equal(await run('b'), 'Localhost', 'another pod')
  await clock.advance(500)
  assert.equal(await run('b', '', 1), 'RuntimeDefault')
  assert.equal(await run('c'), 'RuntimeDefault')
  assert.equal(warned.length, 1)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WherryError } from '#lib/errors.ts'
import { createRegistry } from '#lib/metrics/registry.ts'
import { createVirtualClock } from '#sim/clock.ts'
import type { Runtime } from '../runtime.ts'
import { measuredRuntime } from './measured-runtime.ts'

check('its program is not there', { start: [0] }, 1)
check('one container has no room, and then another', { create: [0, 0] }, 1)
check('a container is not there when it starts again', { start: [1] }, 0)
check('none', {}, 0)

/** `create`, `start`: attempts of containers that fail by it. */
function check(failure: string, fails: { readonly create?: readonly number[]; readonly start?: readonly number[] }, errors: number): void {
  test(`a start of a pod with users of its own fails once: ${failure}`, async () => {
    const registry = createRegistry()
    let isBroken = false
    const act = async (): Promise<string> => (isBroken ? Promise.reject(new WherryError('InternalError', 'no')) : 'c')
    const made = { runSandbox: async () => 's', createContainer: act, startContainer: act } as unknown as Runtime
    const runtime = measuredRuntime(made, { registry, clock: createVirtualClock(0), podOf: () => undefined })
    const sandbox = { metadata: { uid: 'u' }, runtimeHandler: '', security: { userNamespace: { mode: 'pod' } } } as never
    await runtime.runSandbox(sandbox)
    const create = (attempt: number) => runtime.createContainer('s', { metadata: { name: 'main', attempt } } as never, sandbox)
    for (const attempt of fails.create ?? []) {
      isBroken = true
      await assert.rejects(create(attempt))
    }
    for (const attempt of fails.start ?? []) {
      isBroken = false
      const id = await create(attempt)
      isBroken = true
      await assert.rejects(runtime.startContainer(id))
    }
    assert.ok(registry.text().split('\n').includes(`kubelet_started_user_namespaced_pods_errors_total ${errors}`))
  })
}

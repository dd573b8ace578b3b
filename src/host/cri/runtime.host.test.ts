import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { checkRuntime } from '#kubelet/check-runtime.ts'
import { isError } from '#lib/errors.ts'
import { systemClock } from '../clock.ts'
import { createCriRuntime } from './runtime.ts'
import { startTestContainerd, type TestContainerd } from './test-containerd.ts'

let containerd: TestContainerd
let runtime: ReturnType<typeof createCriRuntime>
before(async () => {
  containerd = await startTestContainerd('10.244.211.0/24')
  runtime = createCriRuntime({ endpoint: containerd.socket, clock: systemClock })
})
after(async () => {
  runtime?.close()
  await containerd?.close()
})

checkRuntime('containerd', () => ({ runtime, directory: `${containerd.directory}/logs` }))

test('a runtime that is gone is unavailable, and is found again when it is back', async () => {
  const broken = (async () => {
    for await (const _ of runtime.events(new AbortController().signal));
  })()
  const restarted = containerd.restart()
  await assert.rejects(broken, (error) => isError(error, 'ServiceUnavailable', 'InternalError'))
  await restarted
  for (let tries = 0; ; tries += 1) {
    try {
      await runtime.sandboxes()
      break
    } catch (error) {
      if (!isError(error, 'ServiceUnavailable') || tries > 100) throw error
      await delay(50)
    }
  }
  const absent = createCriRuntime({ endpoint: '/nowhere/containerd.sock', clock: systemClock })
  await assert.rejects(absent.version(), (error) => isError(error, 'ServiceUnavailable'))
  absent.close()
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import { memoryObjects } from '../authorization/testing/memory-objects.ts'
import type { Write } from '../context.ts'
import type { AdmissionPlugin } from '../contract.ts'
import { admissionRun } from './chain.ts'
import { inAdmissionOrder } from './order.ts'

const write = (kind: AnyKind, options: Write['options'] = {}): Write => ({
  kind,
  namespace: 'd',
  name: 'x',
  subresource: '',
  user: { name: 'u', groups: [] },
  dryRun: false,
  verb: 'create',
  options,
  warn: () => {},
})
const run = (plugins: readonly AdmissionPlugin[], kind: AnyKind = Pod, options: Write['options'] = {}) =>
  admissionRun(plugins, memoryObjects(), write(kind, options), 'CREATE')
const object = (labels: Record<string, string> = {}) => ({ metadata: { name: 'x', labels } }) as unknown as KubeObject
const labelsOf = (result: KubeObject | undefined) => result?.metadata.labels
/** Adds a letter to the label `seen`. */
const writer = (name: string, letter: string, more: Partial<AdmissionPlugin> = {}): AdmissionPlugin => ({
  name,
  admit: async ({ object: seen }) => object({ seen: (seen?.metadata.labels?.['seen'] ?? '') + letter }),
  ...more,
})

test('each sees what those before it made', async () => {
  assert.deepEqual(labelsOf(await run([writer('a', 'a'), writer('b', 'b')]).admit(object(), undefined)), { seen: 'ab' })
})

test('a plug-in is asked of its own resources and operations only', async () => {
  const plugins = [writer('a', 'a', { resources: ['pods'] }), writer('b', 'b', { operations: ['DELETE'] }), writer('c', 'c')]
  assert.deepEqual(labelsOf(await run(plugins).admit(object(), undefined)), { seen: 'ac' })
  assert.deepEqual(labelsOf(await run(plugins, ConfigMap).admit(object(), undefined)), { seen: 'c' })
})

test('a second round where one is asked for, and no third', async () => {
  const rounds: boolean[] = []
  const asking: AdmissionPlugin = {
    name: 'b',
    async admit({ object: seen, reinvocation }) {
      rounds.push(reinvocation.isAgain)
      reinvocation.ask()
      return seen
    },
  }
  assert.deepEqual(labelsOf(await run([writer('a', 'a'), asking]).admit(object(), undefined)), { seen: 'aa' })
  assert.deepEqual(rounds, [false, true])
})

test('the first refusal ends the round', async () => {
  const asked: string[] = []
  const validating = (name: string, refuses = false): AdmissionPlugin => ({
    name,
    async validate() {
      asked.push(name)
      if (refuses) throw new Error(name)
    },
  })
  await assert.rejects(run([validating('a'), validating('b', true), validating('c')]).validate(object(), undefined), /b/)
  assert.deepEqual(asked, ['a', 'b'])
})

test("a patch's options are told as those of what it does", async () => {
  let options: unknown
  const looking: AdmissionPlugin = {
    name: 'a',
    async validate(admission) {
      options = admission.options
    },
  }
  await run([looking], Pod, { kind: 'PatchOptions', force: true, fieldManager: 'm' }).validate(object(), undefined)
  assert.deepEqual(options, { kind: 'CreateOptions', fieldManager: 'm' })
})

test('a plug-in without a place is an error of ours', () => {
  assert.throws(() => inAdmissionOrder([{ name: 'Nobody' }]), /Nobody has no place/)
  const names = ['ResourceQuota', 'NamespaceLifecycle', 'MutatingAdmissionWebhook'].map((name) => ({ name }))
  assert.deepEqual(
    inAdmissionOrder(names).map(({ name }) => name),
    ['NamespaceLifecycle', 'MutatingAdmissionWebhook', 'ResourceQuota'],
  )
})

test('a plug-in is asked of the parts that it is for', async () => {
  const plugins = [writer('a', 'a', { subresources: [''] }), writer('b', 'b', { subresources: ['status'] }), writer('c', 'c')]
  const part = (subresource: string) => admissionRun(plugins, memoryObjects(), { ...write(Pod), subresource }, 'UPDATE')
  assert.deepEqual(labelsOf(await part('').admit(object(), object())), { seen: 'ac' })
  assert.deepEqual(labelsOf(await part('status').admit(object(), object())), { seen: 'bc' })
  assert.deepEqual(labelsOf(await part('resize').admit(object(), object())), { seen: 'c' })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import { memoryLimit, pageSize } from './empty-dir.ts'

const podOf = (...resources: readonly object[]) =>
  ({ metadata: {}, spec: { containers: resources.map((one) => ({ resources: one })) } }) as unknown as Pod
const memory = (limit: string) => ({ requests: { memory: limit }, limits: { memory: limit } })
const pages = (...names: readonly string[]) => ({ requests: Object.fromEntries(names.map((name) => [name, '4Mi'])) })

const limits: readonly (readonly [what: string, pod: Pod, sizeLimit: string | undefined, allocatable: number, bytes: number])[] = [
  ['what pods of the node may have', podOf({}), undefined, 1000, 1000],
  ['what the pod may have', podOf(memory('500')), undefined, 1000, 500],
  ['a pod with one container that is free', podOf(memory('500'), {}), undefined, 1000, 1000],
  ['what the volume says', podOf(memory('500')), '100', 1000, 100],
  ['a volume that says more than there is', podOf(memory('500')), '2k', 1000, 500],
  ['a volume of nothing has no bound of its own', podOf({}), '0', 1000, 1000],
  ['a node that knows nothing of itself', podOf({}), undefined, 0, 0],
]
for (const [what, pod, sizeLimit, allocatable, bytes] of limits)
  test(`in memory, bounded by ${what}`, () => assert.equal(memoryLimit(pod, sizeLimit, allocatable), bytes))

const sizes: readonly (readonly [medium: string, pod: Pod, gives: string])[] = [
  ['HugePages', podOf(pages('hugepages-2Mi')), '2Mi'],
  ['HugePages', podOf(pages('hugepages-2Mi'), pages('hugepages-2Mi')), '2Mi'],
  ['HugePages-1Gi', podOf(pages('hugepages-2Mi', 'hugepages-1Gi')), '1Gi'],
  [
    'HugePages',
    podOf(pages('hugepages-2Mi', 'hugepages-1Gi')),
    "medium: HugePages can't be used if container requests multiple huge page sizes",
  ],
  ['HugePages', podOf({}), 'medium HugePages: hugePages storage requested, but there is no resource request for huge pages'],
  [
    'HugePages-1Gi',
    podOf(pages('hugepages-2Mi')),
    'medium HugePages-1Gi: hugePages storage requested, but there is no resource request for huge pages',
  ],
]
for (const [medium, pod, gives] of sizes)
  test(`${medium} gives ${gives}`, () => {
    let found: string
    try {
      found = pageSize(pod, medium)
    } catch (error) {
      found = (error as Error).message
    }
    assert.equal(found, gives)
  })

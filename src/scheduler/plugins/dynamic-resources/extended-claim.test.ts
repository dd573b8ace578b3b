import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import { extendedRequests } from './extended-claim.ts'
import * as make from './testing.ts'

interface Asking {
  readonly name: string
  readonly requests: Readonly<Record<string, string>>
  readonly restartPolicy?: 'Always'
}

/** `name×count` for each request, `container resource name` for each mapping. */
function check(
  initContainers: readonly Asking[],
  containers: readonly Asking[],
  requests: readonly string[],
  mappings: readonly string[],
): void {
  const base = make.pod('p', [])
  const filled = ({ requests: own, ...rest }: Asking) => ({ ...rest, image: 'i', resources: { requests: own } })
  const pod = { ...base, spec: { ...base.spec, initContainers: initContainers.map(filled), containers: containers.map(filled) } } as Pod
  const found = extendedRequests(pod, ['a/gpu', 'a/nic'], (resource) => `class-${resource.slice(2)}`)
  assert.deepEqual(
    found.requests.map(({ name, exactly }) => `${name}×${exactly!.count} ${exactly!.deviceClassName}`),
    requests,
  )
  assert.deepEqual(
    found.mappings.map(({ containerName, resourceName, requestName }) => `${containerName} ${resourceName} ${requestName}`),
    mappings,
  )
}

test('extended resources: containers side by side get devices of their own', () =>
  check(
    [],
    [
      { name: 'x', requests: { 'a/gpu': '2', cpu: '1' } },
      { name: 'y', requests: { 'a/gpu': '1', 'a/nic': '1' } },
    ],
    ['container-0-request-0×2 class-gpu', 'container-1-request-0×1 class-gpu', 'container-1-request-1×1 class-nic'],
    ['x a/gpu container-0-request-0', 'y a/gpu container-1-request-0', 'y a/nic container-1-request-1'],
  ))

test('extended resources: an init container uses those of the containers after it first', () =>
  check(
    [{ name: 'i', requests: { 'a/gpu': '3' } }],
    [
      { name: 'x', requests: { 'a/gpu': '1' } },
      { name: 'y', requests: { 'a/gpu': '1' } },
    ],
    ['container-0-request-0×1 class-gpu', 'container-1-request-0×1 class-gpu', 'container-2-request-0×1 class-gpu'],
    [
      'x a/gpu container-1-request-0',
      'y a/gpu container-2-request-0',
      'i a/gpu container-1-request-0',
      'i a/gpu container-2-request-0',
      'i a/gpu container-0-request-0',
    ],
  ))

test('extended resources: init containers share what they need beyond that, sidecars do not', () =>
  check(
    [
      { name: 'i', requests: { 'a/gpu': '1' } },
      { name: 'side', requests: { 'a/gpu': '1' }, restartPolicy: 'Always' },
      { name: 'j', requests: { 'a/gpu': '2' } },
      { name: 'k', requests: { 'a/gpu': '4' } },
    ],
    [{ name: 'x', requests: { 'a/gpu': '1' } }],
    ['container-1-request-0×1 class-gpu', 'container-3-request-0×3 class-gpu', 'container-4-request-0×1 class-gpu'],
    [
      'side a/gpu container-1-request-0',
      'x a/gpu container-4-request-0',
      'i a/gpu container-1-request-0',
      'j a/gpu container-4-request-0',
      'j a/gpu container-3-request-0',
      'k a/gpu container-4-request-0',
      'k a/gpu container-3-request-0',
    ],
  ))

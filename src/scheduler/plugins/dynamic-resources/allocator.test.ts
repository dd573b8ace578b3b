import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import type { ResourceSlice } from '#api/resource/v1/resource-slice.ts'
import type {
  AllocationResult,
  CapacityRequestPolicy,
  Device,
  DeviceClaim,
  DeviceRequest,
  ResourceSliceSpec,
} from '#api/resource/v1/types.ts'
import { isError } from '#lib/errors.ts'
import { quantityToNumber } from '#lib/quantity.ts'
import { allocationResult } from './allocation-result.ts'
import { createAllocator } from './allocator.ts'
import { createClaimIndex } from './claim-index.ts'
import { createPools } from './pools.ts'
import * as make from './testing.ts'

const here = { nodeName: 'n' }
const slice = (name: string, devices: readonly Device[], spec: Partial<ResourceSliceSpec> = here): ResourceSlice =>
  make.slice(name, devices, spec)
const exactly = (name: string, more: object = {}): DeviceRequest => ({
  name,
  exactly: { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 1, ...more },
})
const alternative = (name: string, more: object = {}) => ({
  name,
  deviceClassName: 'gpu',
  allocationMode: 'ExactCount' as const,
  count: 1,
  ...more,
})
const where = (expression: string) => ({ selectors: [{ cel: { expression } }] })
const held = (...devices: readonly (readonly [pool: string, device: string])[]): ResourceClaim =>
  make.claim('others', { requests: [] }, { allocation: { devices: { results: devices.map(([pool, device]) => result(pool, device)) } } })
const result = (pool: string, device: string, more: object = {}) => ({ request: 'x', driver: 'gpu.test', pool, device, ...more })

interface Case {
  readonly slices: readonly ResourceSlice[]
  readonly others?: ResourceClaim
  readonly claims: readonly DeviceClaim[]
  /** `request=pool/device`, joined by spaces, a text for each claim; undefined: there is no solution; else the words of the error. */
  readonly expected: readonly string[] | undefined | { readonly error: string }
}

function allocate({ slices, others, claims }: Omit<Case, 'expected'>): readonly AllocationResult[] | undefined {
  const made = make.testWorld(make.node('n', { zone: 'a' }), make.deviceClass('gpu'), ...slices)
  if (others !== undefined) made.put(others)
  const pools = made.world.kept(createPools)(made.world.nodes.nodes.get('n')!)
  const wanted = claims.map((devices, index) => make.claim(`c${index}`, devices))
  return createAllocator(wanted, made.world, 0)
    .allocate('n', pools)
    ?.map((picks) => allocationResult(picks, 'n'))
}

const model = (name: string, text: string, more: object = {}): Device => ({ name, attributes: { model: { string: text } }, ...more })
const pair = [model('a', 'x'), model('b', 'y')]

const cases: Readonly<Record<string, Case>> = {
  'the first that is free': {
    slices: [slice('p', pair)],
    others: held(['p', 'a']),
    claims: [{ requests: [exactly('r')] }],
    expected: ['r=p/b'],
  },
  'as many as are asked for, or none': {
    slices: [slice('p', pair)],
    claims: [{ requests: [exactly('r', { count: 3 })] }],
    expected: undefined,
  },
  'requests try all devices anew': {
    slices: [slice('p', pair)],
    claims: [{ requests: [exactly('r'), exactly('s', where('device.attributes["gpu.test"].model == "x"'))] }],
    expected: ['r=p/b s=p/a'],
  },
  'two claims share no device': {
    slices: [slice('p', pair)],
    claims: [{ requests: [exactly('r')] }, { requests: [exactly('r')] }],
    expected: ['r=p/a', 'r=p/b'],
  },
  'a domain that the device has nothing of is empty': {
    slices: [slice('p', pair)],
    claims: [{ requests: [exactly('r', where('!("other.io" in device.attributes) && !has(device.attributes["other.io"].model)'))] }],
    expected: ['r=p/a'],
  },
  'what cannot be evaluated ends all': {
    slices: [slice('p', pair)],
    claims: [{ requests: [exactly('r', where('device.attributes["gpu.test"].lacks == 1'))] }],
    expected: { error: 'claim default/c0: selector #0: CEL runtime error: no such key: lacks' },
  },
  'versions and quantities': {
    slices: [
      slice('p', [
        { name: 'a', attributes: { v: { version: '1.9.0' } } },
        { name: 'b', attributes: { v: { version: '2.0.1' } }, capacity: { mem: { value: '8Gi' } } },
      ]),
    ],
    claims: [
      {
        requests: [
          exactly(
            'r',
            where(
              'device.attributes["gpu.test"].v.isGreaterThan(semver("2.0.0")) && device.capacity["gpu.test"].mem.compareTo(quantity("8Gi")) == 0',
            ),
          ),
        ],
      },
    ],
    expected: ['r=p/b'],
  },
  'all devices': {
    slices: [slice('p', pair)],
    claims: [{ requests: [exactly('r', { allocationMode: 'All' })] }],
    expected: ['r=p/a r=p/b'],
  },
  'all devices, of which one is in use': {
    slices: [slice('p', pair)],
    others: held(['p', 'a']),
    claims: [{ requests: [exactly('r', { allocationMode: 'All' })] }],
    expected: undefined,
  },
  'all devices of a pool that is being published': {
    slices: [slice('p', pair, { ...here, pool: { name: 'p', generation: 1, resourceSliceCount: 2 } })],
    claims: [{ requests: [exactly('r', { allocationMode: 'All' })] }],
    expected: { error: 'claim default/c0, request r: asks for all devices, but resource pool gpu.test/p is currently being updated' },
  },
  'nothing of a pool that is being published': {
    slices: [slice('p', pair, { ...here, pool: { name: 'p', generation: 1, resourceSliceCount: 2 } }), slice('q', [model('c', 'z')])],
    claims: [{ requests: [exactly('r')] }],
    expected: ['r=q/c'],
  },
  'a newer generation replaces the older one': {
    slices: [slice('p', pair), slice('p2', [model('n', 'x')], { ...here, pool: { name: 'p', generation: 2, resourceSliceCount: 1 } })],
    claims: [{ requests: [exactly('r')] }],
    expected: ['r=p/n'],
  },
  'nothing of a pool with two devices of one name': {
    slices: [slice('p', [pair[0]!, pair[0]!])],
    claims: [{ requests: [exactly('r')] }],
    expected: undefined,
  },
  'monitoring gets what others hold': {
    slices: [slice('p', pair)],
    others: held(['p', 'a']),
    claims: [{ requests: [exactly('r', { adminAccess: true })] }],
    expected: ['r=p/a'],
  },
  'the first alternative that can be had': {
    slices: [slice('p', pair)],
    claims: [{ requests: [{ name: 'r', firstAvailable: [alternative('many', { count: 3 }), alternative('few', { count: 2 })] }] }],
    expected: ['r/few=p/a r/few=p/b'],
  },
  'an earlier choice gives way': {
    slices: [slice('p', pair)],
    claims: [
      { requests: [{ name: 'r', firstAvailable: [alternative('two', { count: 2 }), alternative('one')] }] },
      { requests: [exactly('s')] },
    ],
    expected: ['r/one=p/a', 's=p/b'],
  },
  'equal attributes': {
    slices: [slice('p', [model('a', 'x'), model('b', 'y'), model('c', 'y')])],
    claims: [{ requests: [exactly('r'), exactly('s')], constraints: [{ matchAttribute: 'gpu.test/model' }] }],
    expected: ['r=p/b s=p/c'],
  },
  'different attributes, also within one request': {
    slices: [slice('p', [model('a', 'x'), model('b', 'y'), model('c', 'x'), model('d', 'z')])],
    claims: [{ requests: [exactly('r', { count: 3 })], constraints: [{ distinctAttribute: 'gpu.test/model' }] }],
    expected: ['r=p/a r=p/b r=p/d'],
  },
  'a taint keeps off whoever does not tolerate it': {
    slices: [
      slice('p', [
        model('a', 'x', { taints: [{ key: 'k', effect: 'NoSchedule' }] }),
        model('b', 'y', { taints: [{ key: 'k', effect: 'None' }] }),
      ]),
    ],
    claims: [{ requests: [exactly('r')] }, { requests: [exactly('s', { tolerations: [{ key: 'k', operator: 'Exists' }] })] }],
    expected: ['r=p/b', 's=p/a'],
  },
  counters: {
    slices: [
      slice(
        'p',
        [1, 2, 3].map((i) => ({ name: `d${i}`, consumesCounters: [{ counterSet: 's', counters: { mem: { value: `${i}` } } }] })),
        { ...here, pool: { name: 'p', generation: 1, resourceSliceCount: 2 } },
      ),
      slice('p-counters', [], {
        ...here,
        pool: { name: 'p', generation: 1, resourceSliceCount: 2 },
        sharedCounters: [{ name: 's', counters: { mem: { value: '4' } } }],
      }),
    ],
    others: held(['p', 'd1']),
    claims: [{ requests: [exactly('r'), exactly('s')] }],
    expected: undefined,
  },
  'where devices have to be made ready, later': {
    slices: [slice('a', [model('a', 'x', { bindingConditions: ['Ready'] })]), slice('b', [model('b', 'x')])],
    claims: [{ requests: [exactly('r')] }],
    expected: ['r=b/b'],
  },
  'each device for itself says where it is': {
    slices: [
      slice(
        'p',
        [
          { name: 'a', nodeName: 'm' },
          { name: 'b', allNodes: true },
        ],
        { perDeviceNodeSelection: true },
      ),
    ],
    claims: [{ requests: [exactly('r')] }],
    expected: ['r=p/b'],
  },
  'too many for one claim': {
    slices: [slice('p', pair)],
    claims: [{ requests: [exactly('r', { count: 33 })] }],
    expected: { error: 'claim default/c0: number of requested devices 33 exceeds the claim limit of 32' },
  },
}

for (const [name, { expected, ...given }] of Object.entries(cases))
  test(`devices: ${name}`, () => {
    const text = (results: readonly AllocationResult[] | undefined) =>
      results?.map(({ devices }) => devices.results!.map(({ request, pool, device }) => `${request}=${pool}/${device}`).join(' '))
    if (expected !== undefined && 'error' in expected) assert.throws(() => allocate(given), { message: expected.error })
    else assert.deepEqual(text(allocate(given)), expected)
  })

test('devices: shares are rounded as the device wants it', () => {
  const shared = (requestPolicy: CapacityRequestPolicy): Device => ({
    name: 'a',
    allowMultipleAllocations: true,
    capacity: { mem: { value: '10Gi', requestPolicy } },
  })
  const consumed = (device: Device, asked: string | undefined, already: string | undefined): string | undefined => {
    const others =
      already === undefined
        ? undefined
        : make.claim(
            'others',
            { requests: [] },
            { allocation: { devices: { results: [result('p', 'a', { shareID: 's', consumedCapacity: { mem: already } })] } } },
          )
    const request = exactly('r', asked === undefined ? {} : { capacity: { requests: { mem: asked } } })
    const given = { slices: [slice('p', [device])], claims: [{ requests: [request] }], ...(others && { others }) }
    const [share] = allocate(given)?.[0]?.devices.results ?? []
    assert.equal(share?.shareID !== undefined, share !== undefined)
    return share?.consumedCapacity?.['mem']
  }
  const range = shared({ default: '2Gi', validRange: { min: '1Gi', step: '1Gi', max: '8Gi' } })
  assert.equal(consumed(range, undefined, undefined), '2Gi')
  assert.equal(consumed(range, '1', undefined), '1Gi')
  assert.equal(consumed(range, '1500Mi', undefined), '2Gi')
  assert.equal(consumed(range, '9Gi', undefined), undefined)
  assert.equal(consumed(range, '8Gi', '2Gi'), '8Gi')
  assert.equal(consumed(range, '8Gi', '3Gi'), undefined)
  const values = shared({ default: '2Gi', validValues: ['2Gi', '4Gi'] })
  assert.equal(consumed(values, '3Gi', undefined), '4Gi')
  assert.equal(consumed(values, '5Gi', undefined), undefined)
  assert.equal(consumed({ ...values, capacity: { mem: { value: '10Gi' } } }, undefined, undefined), '10Gi')
})

test('devices: settings and places go with what was chosen', () => {
  const opaque = (driver: string) => ({ opaque: { driver, parameters: { kind: 'K' } } })
  const nodeSelector = { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In' as const, values: ['a'] }] }] }
  const [found] = allocate({
    slices: [slice('p', pair, { nodeSelector })],
    claims: [
      {
        requests: [{ name: 'r', firstAvailable: [alternative('no', { count: 3 }), alternative('yes')] }, exactly('s')],
        config: [
          opaque('all'),
          { requests: ['r/yes'], ...opaque('yes') },
          { requests: ['r/no'], ...opaque('no') },
          { requests: ['s'], ...opaque('s') },
        ],
      },
    ],
  })!
  assert.deepEqual(
    found!.devices.config?.map(({ opaque: settings, requests }) => [settings?.driver, requests]),
    [
      ['all', undefined],
      ['yes', ['r/yes']],
      ['s', ['s']],
    ],
  )
  assert.deepEqual(found!.nodeSelector, nodeSelector)
})

test('devices are never given twice, and never more of them than there is, whatever comes and goes', () => {
  const device = fc.record({
    isShared: fc.boolean(),
    memory: fc.integer({ min: 2, max: 6 }),
    counter: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
  })
  const action = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('ask' as const),
        count: fc.integer({ min: 1, max: 3 }),
        memory: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
        isAll: fc.boolean(),
        choice: fc.boolean(),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('end' as const), which: fc.nat() }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('show' as const), which: fc.nat() }) },
  )
  fc.assert(
    fc.property(
      fc.array(device, { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 2, max: 8 }),
      fc.array(action, { maxLength: 25 }),
      (devices, counters, actions) => {
        const pool = { name: 'p', generation: 1, resourceSliceCount: 2 }
        const published = devices.map(
          ({ isShared, memory, counter }, index): Device => ({
            name: `d${index}`,
            capacity: { mem: { value: String(memory) } },
            ...(isShared && { allowMultipleAllocations: true }),
            ...(counter !== undefined && { consumesCounters: [{ counterSet: 's', counters: { c: { value: String(counter) } } }] }),
          }),
        )
        const made = make.testWorld(
          make.node('n'),
          make.deviceClass('gpu'),
          slice('p', published, { ...here, pool }),
          slice('p-counters', [], { ...here, pool, sharedCounters: [{ name: 's', counters: { c: { value: String(counters) } } }] }),
        )
        const index = made.world.kept(createClaimIndex)
        const pools = made.world.kept(createPools)(made.world.nodes.nodes.get('n')!)
        const live: { readonly claim: ResourceClaim; readonly allocation: AllocationResult; isShown: boolean }[] = []
        for (const [number, act] of actions.entries()) {
          const chosen = act.do === 'ask' || live.length === 0 ? undefined : live[act.which % live.length]
          if (act.do === 'ask') {
            const capacity = act.memory === undefined ? {} : { capacity: { requests: { mem: String(act.memory) } } }
            const wanted = act.isAll ? { allocationMode: 'All', ...capacity } : { count: act.count, ...capacity }
            const request = act.choice
              ? { name: 'r', firstAvailable: [alternative('best', wanted), alternative('any')] }
              : exactly('r', wanted)
            const claim = make.claim(`c${number}`, { requests: [request] })
            const found = allocateOrRefuse(claim)
            if (found === undefined) continue
            made.put(claim)
            index.begin(claim.metadata.uid, found)
            live.push({ claim, allocation: found, isShown: false })
          } else if (chosen !== undefined && act.do === 'show') {
            // Written, and seen before or after the writer knows.
            made.put({ ...chosen.claim, status: { allocation: chosen.allocation } } as ResourceClaim)
            if (act.which % 2 === 0) index.end(chosen.claim.metadata.uid)
            chosen.isShown = true
          } else if (chosen !== undefined) {
            index.end(chosen.claim.metadata.uid)
            made.remove({ ...chosen.claim, ...(chosen.isShown && { status: { allocation: chosen.allocation } }) } as ResourceClaim)
            live.splice(live.indexOf(chosen), 1)
          }
          verify()
        }

        function allocateOrRefuse(claim: ResourceClaim): AllocationResult | undefined {
          try {
            const found = createAllocator([claim], made.world, 0).allocate('n', pools)
            return found && allocationResult(found[0]!, 'n')
          } catch (error) {
            if (isError(error)) return undefined
            throw error
          }
        }

        function verify(): void {
          const given = live.flatMap(({ allocation }) => allocation.devices.results!)
          let used = 0
          for (const [at, { isShared, memory, counter = 0 }] of devices.entries()) {
            const own = given.filter((each) => each.device === `d${at}`)
            assert.ok(isShared || own.length <= 1, 'a device of two claims')
            const taken = own.reduce((sum, { consumedCapacity }) => sum + quantityToNumber(consumedCapacity?.['mem'] ?? '0'), 0)
            assert.ok(taken <= memory, 'more than its capacity')
            if (own.length > 0) used += counter
            assert.equal(index.isHeld(`gpu.test/p/d${at}`), !isShared && own.length > 0)
            assert.equal(index.sharesOf(`gpu.test/p/d${at}`), isShared ? own.length : 0)
          }
          assert.ok(used <= counters, 'more than the counters have')
        }
      },
    ),
    { numRuns: 300 },
  )
})

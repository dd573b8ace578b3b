import type { Area, Chance, ClusterDraft, Draft } from '../generator.ts'
import { nextName } from './volume-objects.ts'

const driver = 'gpu.example.com'
const nicDriver = 'nic.example.com'
const memoryOf = (gib: number): string => `device.capacity["${driver}"].memory.compareTo(quantity("${gib}Gi")) >= 0`

/** DynamicResources: claims for devices. */
export const devices: Area = {
  setUp(cluster) {
    const { chance, names } = cluster
    const [gpu, big, nic] = [nextName(cluster, 'dc'), nextName(cluster, 'dc'), nextName(cluster, 'dc')]
    addClass(cluster, gpu, [`device.driver == "${driver}"`])
    addClass(cluster, big, [`device.driver == "${driver}"`, memoryOf(40)])
    addClass(cluster, nic, [`device.driver == "${nicDriver}"`])
    addSlices(cluster)
    names['device-claims'] = Array.from({ length: chance.int(1, 5) }, () => {
      const name = nextName(cluster, 'rc')
      cluster.objects.push({
        apiVersion: 'resource.k8s.io/v1',
        kind: 'ResourceClaim',
        metadata: { name, namespace: 'alpha' },
        spec: { devices: claimOf(chance, { gpu, big, nic }) },
      })
      return name
    })
    if (chance.is(35)) names['device-claims'].push(...allocatedClaims(cluster, gpu))
  },
  pod(pod, { chance, names }, role) {
    if (role === 'bound' || chance.is(10)) return
    pod.metadata.namespace = 'alpha'
    const chosen = chance.some([...names['device-claims']!, ...(chance.is(4) ? ['rc99'] : [])], 2)
    if (chosen.length === 0) return
    pod.spec.resourceClaims = chosen.map((resourceClaimName, index) => ({ name: `r${index}-claim`, resourceClaimName }))
    pod.spec.containers[0].resources = {
      ...pod.spec.containers[0].resources,
      claims: chosen.map((_, index) => ({ name: `r${index}-claim` })),
    }
  },
}

/** Claims that have a device already; nobody uses some of them any more, so that it can be taken back. */
function allocatedClaims(cluster: ClusterDraft, deviceClassName: string): string[] {
  const { chance, objects } = cluster
  const slices = objects.filter(
    ({ kind, spec }) => kind === 'ResourceSlice' && spec.nodeName !== undefined && spec.devices?.length > 0 && spec.driver === driver,
  )
  return chance.some(slices, 2).map(({ spec }) => {
    const name = nextName(cluster, 'rc')
    const device = { request: 'one', driver, pool: spec.pool.name, device: spec.devices[0].name }
    const nodeSelector = { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [spec.nodeName] }] }] }
    const isUsed = chance.is(40)
    objects.push({
      apiVersion: 'resource.k8s.io/v1',
      kind: 'ResourceClaim',
      metadata: { name, namespace: 'alpha' },
      spec: { devices: { requests: [{ name: 'one', exactly: { deviceClassName } }] } },
      status: {
        allocation: { devices: { results: [device] }, nodeSelector },
        ...(isUsed && { reservedFor: [{ resource: 'pods', name: 'other', uid: '00000000-0000-4000-8000-000000000002' }] }),
      },
    })
    return name
  })
}

/** Extended resources that a device class stands for. */
export const extendedDevices: Area = {
  setUp(cluster) {
    const name = nextName(cluster, 'dc')
    addClass(cluster, name, [`device.driver == "${driver}"`], 'example.com/card')
    if (!cluster.areas.includes('devices')) addSlices(cluster)
    cluster.names['card-class'] = [name]
  },
  node(node, { chance }) {
    if (!chance.is(25)) return
    const allocatable = { ...node.status.allocatable, 'example.com/card': chance.pick(['0', '1', '2']) }
    node.status = { ...node.status, capacity: allocatable, allocatable }
  },
  pod(pod, { chance, names }, role) {
    if (chance.is(role === 'bound' ? 85 : 15)) return
    const key = chance.is(75) || role === 'bound' ? 'example.com/card' : `deviceclass.resource.kubernetes.io/${names['card-class']![0]}`
    const count = chance.pick(['1', '1', '2', '3'])
    const { requests, limits } = pod.spec.containers[0].resources ?? {}
    pod.spec.containers[0].resources = {
      ...pod.spec.containers[0].resources,
      requests: { ...requests, [key]: count },
      limits: { ...limits, [key]: count },
    }
    if (chance.is(20))
      pod.spec.containers.push({
        name: 'card',
        image: 'example.com/app:1',
        resources: { requests: { [key]: '1' }, limits: { [key]: '1' } },
      })
  },
}

function addClass({ objects }: ClusterDraft, name: string, expressions: readonly string[], extendedResourceName?: string): void {
  objects.push({
    apiVersion: 'resource.k8s.io/v1',
    kind: 'DeviceClass',
    metadata: { name },
    spec: { selectors: expressions.map((expression) => ({ cel: { expression } })), ...(extendedResourceName && { extendedResourceName }) },
  })
}

/** A pool on most nodes, and at times one that several can reach. */
function addSlices(cluster: ClusterDraft): void {
  const { chance, nodes } = cluster
  for (const { metadata } of nodes) {
    if (chance.is(25)) continue
    if (chance.is(15)) partitioned(cluster, metadata.name)
    else
      addSlice(
        cluster,
        driver,
        { nodeName: metadata.name },
        Array.from({ length: chance.int(1, 4) }, (_, index) => deviceOf(chance, driver, index)),
      )
    if (chance.is(25))
      addSlice(
        cluster,
        nicDriver,
        { nodeName: metadata.name },
        Array.from({ length: chance.int(1, 2) }, (_, index) => deviceOf(chance, nicDriver, index)),
      )
  }
  if (chance.is(30)) addSlice(cluster, driver, { allNodes: true }, [deviceOf(chance, driver, 0)])
  if (chance.is(25)) {
    const nodeSelector = {
      nodeSelectorTerms: [
        { matchExpressions: [{ key: 'topology.kubernetes.io/zone', operator: 'In', values: [chance.pick(['zone-a', 'zone-b'])] }] },
      ],
    }
    addSlice(cluster, nicDriver, { nodeSelector }, [deviceOf(chance, nicDriver, 0), deviceOf(chance, nicDriver, 1)])
  }
  if (chance.is(15)) {
    const apart = [0, 1, 2].map((index) => ({
      ...deviceOf(chance, driver, index),
      ...(chance.is(30) ? { allNodes: true } : { nodeName: chance.pick(nodes).metadata.name }),
    }))
    addSlice(cluster, driver, { perDeviceNodeSelection: true }, apart)
  }
}

function addSlice(
  cluster: ClusterDraft,
  of: string,
  where: Draft,
  list: readonly Draft[],
  poolSlices?: { readonly name: string; readonly sharedCounters?: Draft },
): void {
  const name = nextName(cluster, 'sl')
  const pool = poolSlices?.name ?? nextName(cluster, 'pool')
  // At times one is missing: no device of such a pool may be given out.
  const resourceSliceCount = poolSlices !== undefined || cluster.chance.is(6) ? 2 : 1
  cluster.objects.push({
    apiVersion: 'resource.k8s.io/v1',
    kind: 'ResourceSlice',
    metadata: { name },
    spec: {
      driver: of,
      pool: { name: pool, generation: 1, resourceSliceCount },
      ...where,
      ...(poolSlices?.sharedCounters === undefined ? { devices: list } : { sharedCounters: poolSlices.sharedCounters }),
    },
  })
}

function deviceOf(chance: Chance, of: string, index: number): Draft {
  const isShared = chance.is(15)
  return {
    name: `device-${index}`,
    attributes: {
      model: { string: chance.pick(['a100', 'h100', 't4']) },
      numa: { int: chance.int(0, 1) },
      ...(chance.is(60) && { healthy: { bool: chance.is(80) } }),
      ...(chance.is(30) && { 'example.com/firmware': { version: chance.pick(['1.2.3', '2.0.0']) } }),
    },
    capacity: {
      memory: {
        value: chance.pick(['16Gi', '40Gi', '80Gi']),
        ...(isShared && chance.is(60) && { requestPolicy: { default: '4Gi', validRange: { min: '2Gi', step: '2Gi' } } }),
      },
    },
    ...(isShared && { allowMultipleAllocations: true }),
    ...(chance.is(15) && {
      taints: [{ key: `${of}/fault`, value: chance.pick(['a', 'b']), effect: chance.pick(['NoSchedule', 'NoExecute']) }],
    }),
  }
}

/** One card that may be given out whole, or in parts. */
function partitioned(cluster: ClusterDraft, nodeName: string): void {
  const { chance } = cluster
  const name = nextName(cluster, 'pool')
  const pool = { name }
  const counters = (memory: number): Draft => ({ memory: { value: `${memory}Gi` }, slots: { value: `${memory / 10}` } })
  addSlice(cluster, driver, { nodeName }, [], { ...pool, sharedCounters: [{ name: 'card', counters: counters(80) }] })
  const parts = [80, 40, 40, 20, 20].slice(0, chance.int(2, 5)).map((memory, index) => ({
    name: `part-${index}`,
    attributes: { model: { string: 'a100' }, numa: { int: 0 } },
    capacity: { memory: { value: `${memory}Gi` } },
    consumesCounters: [{ counterSet: 'card', counters: counters(memory) }],
  }))
  addSlice(cluster, driver, { nodeName }, parts, pool)
}

interface Classes {
  readonly gpu: string
  readonly big: string
  readonly nic: string
}

function claimOf(chance: Chance, classes: Classes): Draft {
  const requests = Array.from({ length: chance.pick([1, 1, 1, 2]) }, (_, index) => {
    const name = `req-${index}`
    if (chance.is(20))
      return {
        name,
        firstAvailable: Array.from({ length: chance.int(1, 3) }, (_, choice) => ({
          name: `choice-${choice}`,
          ...exactOf(chance, classes, true),
        })),
      }
    return { name, exactly: exactOf(chance, classes, false) }
  })
  const constraints: Draft[] = []
  if (chance.is(25))
    constraints.push({
      ...(chance.is(40) && { requests: ['req-0'] }),
      ...(chance.is(75) ? { matchAttribute: chance.pick([`${driver}/numa`, `${driver}/model`]) } : { distinctAttribute: `${driver}/numa` }),
    })
  return { requests, ...(constraints.length > 0 && { constraints }) }
}

function exactOf(chance: Chance, { gpu, big, nic }: Classes, isChoice: boolean): Draft {
  const deviceClassName = chance.pick([gpu, gpu, gpu, big, nic, 'dc99'].slice(0, chance.is(95) ? 5 : 6))
  const expression = chance.pick([
    `device.attributes["${driver}"].model == "a100"`,
    `device.attributes["${driver}"].model in ["h100", "t4"]`,
    `device.attributes["${driver}"].numa == 1`,
    memoryOf(40),
    `has(device.attributes["${driver}"].healthy) && device.attributes["${driver}"].healthy`,
    `device.attributes["example.com"].?firmware.orValue(semver("0.0.1")).isGreaterThan(semver("1.0.0"))`,
    `device.attributes["${driver}"].healthy`,
    'device.allowMultipleAllocations == true',
  ])
  const isAll = chance.is(12)
  const hasCount = !isAll && chance.is(35)
  return {
    deviceClassName,
    ...(chance.is(45) && { selectors: [{ cel: { expression } }] }),
    ...(isAll && { allocationMode: 'All' }),
    ...(hasCount && { allocationMode: 'ExactCount', count: chance.int(1, 3) }),
    ...(!isChoice && chance.is(8) && { adminAccess: true }),
    ...(chance.is(15) && {
      tolerations: [
        { operator: 'Exists', ...(chance.is(50) && { key: `${driver}/fault` }), ...(chance.is(30) && { effect: 'NoSchedule' }) },
      ],
    }),
    ...(chance.is(15) && { capacity: { requests: { memory: chance.pick(['3Gi', '10Gi', '50Gi']) } } }),
  }
}

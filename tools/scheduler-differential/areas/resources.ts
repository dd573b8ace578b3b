import type { Area, Chance, Draft } from '../generator.ts'

/** NodeResourcesFit and BalancedAllocation: scarce, and in all places where requests may stand. */
export const resources: Area = {
  node(node, { chance }) {
    const allocatable = {
      cpu: chance.pick(['1', '2', '2500m', '4', '8']),
      memory: chance.pick(['2Gi', '4Gi', '4000M', '8Gi']),
      pods: chance.pick(['2', '4', '10', '110']),
      ...(chance.is(50) && { 'ephemeral-storage': chance.pick(['5Gi', '20Gi']) }),
      ...(chance.is(40) && { 'example.com/gpu': chance.pick(['0', '1', '2', '4']) }),
      ...(chance.is(20) && { 'hugepages-2Mi': chance.pick(['64Mi', '256Mi']) }),
      ...(chance.is(20) && { 'example.com/foo': '3' }),
    }
    node.status = { ...node.status, capacity: allocatable, allocatable }
  },
  pod(pod, { chance }, role) {
    const few = role === 'bound'
    const { spec } = pod
    spec.containers[0].resources = resourcesOf(chance, few)
    if (chance.is(25)) spec.containers.push({ name: 'd', image: 'example.com/app:1', resources: resourcesOf(chance, few) })
    if (chance.is(25)) {
      spec.initContainers = Array.from({ length: chance.int(1, 3) }, (_, index) => ({
        name: `i${index}-init`,
        image: 'example.com/init:1',
        ...(chance.is(45) && { restartPolicy: 'Always' }),
        resources: resourcesOf(chance, few),
      }))
    }
    if (chance.is(12)) {
      // Of the pod as a whole: no less than what its containers ask for together.
      for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) delete container.resources
      if (chance.is(50)) spec.containers[0].resources = { requests: { cpu: '100m' } }
      spec.resources = {
        requests: { cpu: chance.pick(['200m', '1', '2']), ...(chance.is(70) && { memory: chance.pick(['128Mi', '1Gi']) }) },
      }
    }
    if (few && chance.is(12)) resizing(pod, chance)
    if (chance.is(12)) spec.overhead = { cpu: '100m', memory: chance.pick(['10Mi', '500Mi']) }
  },
}

/** On its way from one size to another: what counts rests on what the kubelet says of it. */
function resizing(pod: Draft, chance: Chance): void {
  const has = { cpu: chance.pick(['50m', '400m', '2']), memory: chance.pick(['64Mi', '1Gi']) }
  const allocated = { cpu: chance.pick(['50m', '400m', '2']), memory: chance.pick(['64Mi', '1Gi']) }
  pod.status = {
    ...pod.status,
    phase: 'Running',
    containerStatuses: [
      {
        name: 'c',
        image: 'i',
        imageID: 'i',
        ready: true,
        restartCount: 0,
        resources: { requests: has },
        ...(chance.is(70) && { allocatedResources: allocated }),
      },
    ],
    ...(chance.is(50) && { conditions: [{ type: 'PodResizePending', status: 'True', reason: chance.pick(['Infeasible', 'Deferred']) }] }),
  }
}

function resourcesOf(chance: Chance, few: boolean): Draft {
  if (chance.is(15)) return {}
  const requests: Draft = {
    ...(chance.is(80) && { cpu: chance.pick(few ? ['50m', '100m', '300m'] : ['100m', '500m', '1', '1.5', '3']) }),
    ...(chance.is(80) && { memory: chance.pick(few ? ['32Mi', '200M', '500Mi'] : ['100Mi', '1Gi', '2G', '3Gi', '5Gi']) }),
    ...(chance.is(20) && { 'ephemeral-storage': chance.pick(['1Gi', '6Gi']) }),
  }
  const limits: Draft = {}
  if (chance.is(20)) requests['example.com/gpu'] = limits['example.com/gpu'] = chance.pick(['1', '2'])
  if (chance.is(8)) requests['example.com/foo'] = limits['example.com/foo'] = '1'
  if (chance.is(8) && requests.cpu !== undefined) requests['hugepages-2Mi'] = limits['hugepages-2Mi'] = chance.pick(['32Mi', '128Mi'])
  // A limit alone stands for the request, too.
  if (chance.is(15)) {
    delete requests.memory
    limits.memory = chance.pick(['300Mi', '1Gi'])
  }
  return { ...(Object.keys(requests).length > 0 && { requests }), ...(Object.keys(limits).length > 0 && { limits }) }
}

import { Service } from '#api/core/v1/service.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { exponentialBuckets } from '#lib/metrics/histogram.ts'
import type { Cache, ControllerMetric, Measure, MeasuredOutcome, Plan } from '#loop/controller.ts'
import { inOrder } from '#loop/in-order.ts'
import { type EndpointSliceView, endpointsPerSlice, managedBy } from './plan.ts'
import { wantsTopology } from './topology.ts'

const prefix = 'endpoint_slice_controller_'
const added = `${prefix}endpoints_added_per_sync`
const removed = `${prefix}endpoints_removed_per_sync`
const changes = `${prefix}changes`
const changed = `${prefix}endpointslices_changed_per_sync`
const syncs = `${prefix}syncs`
const buckets = exponentialBuckets(2, 2, 15)
const stability = 'BETA'

/** The reference's, read from the slices that there are: those are what was desired last. */
export const endpointSliceMetrics: readonly ControllerMetric[] = [
  { type: 'histogram', name: added, help: 'Endpoints that one look at a service adds.', stability, buckets },
  { type: 'histogram', name: removed, help: 'Endpoints that one look at a service removes.', stability, buckets },
  { type: 'counter', name: changes, help: 'Writes of slices.', stability: 'ALPHA', labels: ['operation'] },
  { type: 'counter', name: syncs, help: 'Looks at services, by how they ended.', stability: 'ALPHA', labels: ['result'] },
  {
    type: 'histogram',
    name: changed,
    help: 'Slices that one look at a service changes.',
    stability: 'ALPHA',
    labels: ['topology', 'traffic_distribution'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
  gauge('endpoints_desired', 'Endpoints of all services.', (slices) => sum(slices.map(({ endpoints }) => endpoints.length))),
  gauge('num_endpoint_slices', 'Slices of all services.', (slices) => slices.length),
  gauge('desired_endpoint_slices', 'Slices that there would be if each were full.', fewest),
  {
    type: 'gauge',
    name: `${prefix}services_count_by_traffic_distribution`,
    help: 'Services by where they want their traffic to go.',
    stability,
    labels: ['traffic_distribution'],
    read: (cache) => {
      const wishes = cache.list(Service).flatMap(({ spec }) => (spec.trafficDistribution === undefined ? [] : [spec.trafficDistribution]))
      return [...Map.groupBy(wishes, (wish) => wish)].map(([wish, all]) => ({ labels: [wish], value: all.length }))
    },
  },
]

/** Which addresses came and went, and what of it was done. */
export function measureSlices({ service, slices }: EndpointSliceView, { commands }: Plan, outcome: MeasuredOutcome): readonly Measure[] {
  const before = addressesOf(slices)
  const after = new Map(slices.map((slice) => [slice.metadata.name, slice]))
  const made: EndpointSlice[] = []
  for (const command of inOrder(commands)) {
    if (command.do === 'create') made.push(command.object as EndpointSlice)
    else if (command.do === 'update') after.set(command.object.metadata.name, command.object as unknown as EndpointSlice)
    else if (command.do === 'delete') after.delete(command.name)
  }
  const present = addressesOf([...after.values(), ...made])
  const writes = inOrder(commands).filter((command) => command.do === 'create' || command.do === 'update' || command.do === 'delete')
  const ends = writes.map(outcome.became)
  const done = writes.filter((_, index) => ends[index] === 'done')
  // A look that met an old view, and was refused nothing, is followed by another.
  const result = outcome.isDone ? 'success' : ends.includes('refused') ? 'error' : 'stale'
  const topology = wantsTopology(service) ? 'Auto' : 'Disabled'
  return [
    { metric: syncs, labels: [result] },
    { metric: changed, labels: [topology, service.spec.trafficDistribution ?? ''], value: done.length },
    ...done.map((command) => ({ metric: changes, labels: [command.do] })),
    { metric: added, value: present.difference(before).size },
    { metric: removed, value: before.difference(present).size },
  ]
}

const addressesOf = (slices: readonly EndpointSlice[]): Set<string> =>
  new Set(slices.flatMap(({ endpoints }) => endpoints.flatMap(({ addresses }) => addresses)))

function gauge(name: string, help: string, count: (slices: readonly EndpointSlice[]) => number): ControllerMetric {
  const read = (cache: Cache) => [{ labels: [], value: count(ownSlices(cache)) }]
  return { type: 'gauge', name: prefix + name, help, stability, read }
}

const ownSlices = (cache: Cache): readonly EndpointSlice[] =>
  cache.list(EndpointSlice).filter(({ metadata }) => metadata.labels?.['endpointslice.kubernetes.io/managed-by'] === managedBy)

/** Slices of one service with the same ports could be one, up to its limit; a service without endpoints keeps one. */
function fewest(slices: readonly EndpointSlice[]): number {
  const shared = Map.groupBy(slices, ({ metadata, addressType, ports }) =>
    JSON.stringify([metadata.namespace, metadata.labels?.['kubernetes.io/service-name'], addressType, ports]),
  )
  return sum(
    [...shared.values()].map((ones) => Math.max(1, Math.ceil(sum(ones.map(({ endpoints }) => endpoints.length)) / endpointsPerSlice))),
  )
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

import { age, column } from '#api/columns.ts'
import * as core from '#api/core/v1/types.ts'
import { validateNodeSelector } from '#api/core/v1/validation/affinity.ts'
import { validateDriverName } from '#api/core/v1/validation/volumes.ts'
import { goStruct } from '#api/go-struct.ts'
import { kind } from '#api/kind.ts'
import * as types from '#api/resource/v1/types.ts'
import { validateCounterSet, validateDevice } from '#api/resource/v1/validate-device.ts'
import { validatePoolName, validateSet } from '#api/resource/v1/validate-parts.ts'
import type { Cause } from '#lib/errors.ts'
import { shownAsGiven } from '#schema/given-empty.ts'
import { quote } from '#schema/go-text.ts'
import { list, type Of } from '#schema/schema.ts'
import { checkDns1123Subdomain, immutable, invalid, invalidEach, required } from '#schema/validate.ts'

type Slice = types.ResourceSlice

export const ResourceSlice = kind(
  types.ResourceSlice,
  {
    group: 'resource.k8s.io',
    version: 'v1',
    kind: 'ResourceSlice',
    plural: 'resourceslices',
    singular: 'resourceslice',
    scope: 'Cluster',
    columns: [
      column<Slice>('Node', ({ spec }) => spec.nodeName ?? ''),
      column<Slice>('Driver', ({ spec }) => spec.driver),
      column<Slice>('Pool', ({ spec }) => spec.pool.name),
      age,
    ],
  },
  {
    returnsDeleted: true,
    generation: true,
    prepareCreate: (slice, { now }) => withDevices(slice, (device) => withTimes(withoutAlphaFields(device, false, false), now)),
    prepareUpdate: (next, previous, { now }) => {
      const keepsMappings = (previous.spec.devices ?? []).some(({ nodeAllocatableResourceMappings: mappings }) => !isEmpty(mappings))
      const keepsLists = (previous.spec.devices ?? []).some(({ attributes }) => Object.values(attributes ?? {}).some(hasLists))
      return withDevices(next, (device) => withTimes(withoutAlphaFields(device, keepsMappings, keepsLists), now))
    },
    validate: (slice) => validate(slice, undefined),
    validateUpdate: (next, previous) => validate(next, previous),
    warnings: ({ spec: { driver } }) =>
      driver === driver.toLowerCase()
        ? []
        : [`spec.driver: driver names should be lowercase; ${quote(driver)} contains uppercase characters`],
    unselectable: (field) => `field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: ${field}`,
    selectableFields: { 'spec.nodeName': ({ spec }) => spec.nodeName ?? '', 'spec.driver': ({ spec }) => spec.driver },
  },
)
export type ResourceSlice = Of<typeof ResourceSlice>

const isEmpty = (map: object | undefined): boolean => Object.keys(map ?? {}).length === 0
const hasLists = ({ ints, bools, strings, versions }: types.DeviceAttribute): boolean =>
  ints !== undefined || bools !== undefined || strings !== undefined || versions !== undefined

function withDevices<S extends Slice>(slice: S, change: (device: types.Device) => types.Device): S {
  const { devices } = slice.spec
  const changed = devices?.map(change)
  return changed === undefined || changed.every((device, i) => device === devices![i])
    ? slice
    : { ...slice, spec: { ...slice.spec, devices: changed } }
}

/** When a taint came, where nobody said so. */
function withTimes(device: types.Device, now: string): types.Device {
  if (!device.taints?.some(({ timeAdded }) => timeAdded === undefined)) return device
  return { ...device, taints: device.taints.map((taint) => ({ ...taint, timeAdded: taint.timeAdded ?? now })) }
}

/** Drops what is behind gates that are closed by default: DRANodeAllocatableResources and DRAListTypeAttributes. */
function withoutAlphaFields(device: types.Device, keepsMappings: boolean, keepsLists: boolean): types.Device {
  const { nodeAllocatableResourceMappings: mappings, ...rest } = device
  const bare = mappings === undefined || keepsMappings ? device : rest
  if (keepsLists || !Object.values(device.attributes ?? {}).some(hasLists)) return bare
  const attributes = Object.entries(device.attributes ?? {}).map(([name, attribute]) => {
    const { ints: _ints, bools: _bools, strings: _strings, versions: _versions, ...single } = attribute
    return [name, single] as const
  })
  return { ...bare, attributes: Object.fromEntries(attributes) }
}

function validate({ spec }: Slice, previous: Slice | undefined): Cause[] {
  const { driver, pool, devices = [], sharedCounters, perDeviceNodeSelection = false } = spec
  const before = previous?.spec
  const isAdvanced = devices.some(
    ({ taints = [], consumesCounters = [], attributes = {} }) =>
      taints.length > 0 || consumesCounters.length > 0 || Object.values(attributes).some(hasLists),
  )
  return [
    ...validateDriverName(driver, 'spec.driver'),
    ...validatePool(pool, 'spec.pool'),
    ...(before === undefined
      ? []
      : [
          ...immutable('spec.pool.name', pool.name, pool.name === before.pool.name),
          ...immutable('spec.driver', driver, driver === before.driver),
          ...immutable('spec.nodeName', spec.nodeName ?? null, spec.nodeName === before.nodeName),
        ]),
    ...validateNodes(spec, 'spec'),
    ...(shownAsGiven(spec, 'sharedCounters') !== null && shownAsGiven(spec, 'devices') !== null
      ? [invalid('spec', '', 'only one of `sharedCounters` or `devices` is allowed')]
      : []),
    ...validateSet(
      devices,
      isAdvanced ? DEVICES_ADVANCED_MAX : DEVICES_MAX,
      'spec.devices',
      ({ name }) => name,
      (device, at) => {
        const old = before?.devices?.find(({ name }) => name === device.name)
        return validateDevice(device, old, perDeviceNodeSelection, at)
      },
    ),
    ...validateSet(sharedCounters, COUNTER_SETS_MAX, 'spec.sharedCounters', ({ name }) => name, validateCounterSet),
  ]
}

const DEVICES_MAX = 128
/** Where devices have taints, counters or lists: such are larger. */
const DEVICES_ADVANCED_MAX = 64
const COUNTER_SETS_MAX = 8

const validatePool = ({ name, resourceSliceCount: count, generation }: types.ResourcePool, path: string): Cause[] => [
  ...validatePoolName(name, `${path}.name`),
  ...(count <= 0 ? [invalid(`${path}.resourceSliceCount`, count, 'must be greater than zero')] : []),
  ...(generation < 0 ? [invalid(`${path}.generation`, generation, 'must be greater than or equal to zero')] : []),
]

/** Where the devices are, said in one of four ways. */
function validateNodes({ nodeName, nodeSelector, allNodes, perDeviceNodeSelection }: types.ResourceSliceSpec, path: string): Cause[] {
  const causes: Cause[] = []
  if (nodeName === '') causes.push(invalid(`${path}.nodeName`, nodeName, 'must be either unset or set to a non-empty string'))
  else if (nodeName !== undefined) causes.push(...invalidEach(`${path}.nodeName`, nodeName, checkDns1123Subdomain(nodeName)))
  if (nodeSelector !== undefined) {
    const terms = nodeSelector.nodeSelectorTerms ?? []
    causes.push(...validateNodeSelector(nodeSelector, `${path}.nodeSelector`))
    if (terms.length !== 1)
      causes.push(
        invalid(
          `${path}.nodeSelector.nodeSelectorTerms`,
          terms.length > 0 ? goStruct(list(core.NodeSelectorTerm), terms) : shownAsGiven(nodeSelector, 'nodeSelectorTerms'),
          'must have exactly one node selector term',
        ),
      )
  }
  const whole = { allNodes, perDeviceNodeSelection }
  for (const [name, value] of Object.entries(whole))
    if (value === false) causes.push(invalid(`${path}.${name}`, value, 'must be either unset or set to true'))
  const given = [
    nodeName && '`nodeName`',
    nodeSelector && '`nodeSelector`',
    allNodes && '`allNodes`',
    perDeviceNodeSelection && '`perDeviceNodeSelection`',
  ].filter(Boolean)
  if (given.length === 1) return causes
  const detail = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required'
  return [
    ...causes,
    given.length === 0 ? required(path, detail) : invalid(path, `{${given.join(', ')}}`, `${detail}, but multiple fields are set`),
  ]
}

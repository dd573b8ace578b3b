import { validateNodeSelector } from '#api/core/v1/validation/affinity.ts'
import { isNative } from '#api/core/v1/validation/resources.ts'
import { goStruct } from '#api/go-struct.ts'
import * as types from '#api/resource/v1/types.ts'
import { validateRequestPolicy } from '#api/resource/v1/validate-capacity.ts'
import {
  DOMAIN_LENGTH_MAX,
  ID_LENGTH_MAX,
  validateAttributeName,
  validateBindingConditions,
  validateLabel,
  validateMap,
  validateSet,
  validateSlice,
  validateTaint,
} from '#api/resource/v1/validate-parts.ts'
import { same } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import { parseQuantity } from '#lib/quantity.ts'
import { checkDns1123Subdomain, forbidden, invalid, invalidEach, LABEL_LENGTH_MAX, notFound, required, tooLong } from '#schema/validate.ts'

/** What is wrong with a device. Taints that it had before are not looked at again. */
export function validateDevice(device: types.Device, previous: types.Device | undefined, isNodePerDevice: boolean, path: string): Cause[] {
  const { name, attributes = {}, capacity = {}, taints, consumesCounters, allowMultipleAllocations: isShared = false } = device
  const count = Object.keys(attributes).length + Object.keys(capacity).length
  const valueCount = Object.values(attributes).reduce((sum, attribute) => sum + (listsOf(attribute).flat().length || 1), 0)
  const keyLengthMax = DOMAIN_LENGTH_MAX + 1 + ID_LENGTH_MAX
  return [
    ...validateLabel(name, `${path}.name`),
    ...(count > ENTRIES_MAX ? [invalid(path, count, `the total number of attributes and capacities must not exceed ${ENTRIES_MAX}`)] : []),
    ...(valueCount > VALUES_MAX ? [invalid(path, valueCount, `the total number of attribute values must not exceed ${VALUES_MAX}`)] : []),
    ...validateMap(attributes, -1, keyLengthMax, `${path}.attributes`, validateAttributeName, validateAttribute),
    ...validateMap(capacity, -1, keyLengthMax, `${path}.capacity`, validateAttributeName, ({ value, requestPolicy }, at) => {
      if (requestPolicy === undefined) return []
      return isShared
        ? validateRequestPolicy(value, requestPolicy, `${at}.requestPolicy`)
        : [forbidden(`${at}.requestPolicy`, 'allowMultipleAllocations must be true')]
    }),
    ...(previous !== undefined && same(previous.taints, taints) ? [] : validateSlice(taints, TAINTS_MAX, `${path}.taints`, validateTaint)),
    ...validateSet(consumesCounters, CONSUMPTIONS_MAX, `${path}.consumesCounters`, ({ counterSet }) => counterSet, validateConsumption),
    ...validateNode(device, isNodePerDevice, path),
    ...validateBindingConditions(device, path),
    ...validateMappings(device, `${path}.nodeAllocatableResourceMappings`),
  ]
}

const ENTRIES_MAX = 32
const VALUES_MAX = 48
const TAINTS_MAX = 16
const CONSUMPTIONS_MAX = 2
const COUNTERS_MAX = 32
const VALUE_LENGTH_MAX = 64

/** A set of counters that devices share. */
export const validateCounterSet = ({ name, counters }: types.CounterSet, path: string): Cause[] => [
  ...(name === '' ? [required(`${path}.name`)] : validateLabel(name, `${path}.name`)),
  ...validateCounters(counters, `${path}.counters`),
]

const validateConsumption = ({ counterSet, counters }: types.DeviceCounterConsumption, path: string): Cause[] => [
  ...(counterSet === '' ? [required(`${path}.counterSet`)] : validateLabel(counterSet, `${path}.counterSet`)),
  ...validateCounters(counters, `${path}.counters`),
]

const validateCounters = (counters: Readonly<Record<string, types.Counter>> | undefined, path: string): Cause[] =>
  Object.keys(counters ?? {}).length === 0
    ? [required(path)]
    : validateMap(counters, COUNTERS_MAX, LABEL_LENGTH_MAX, path, validateLabel, () => [])

const listsOf = ({ bools, ints, strings, versions }: types.DeviceAttribute): readonly (readonly unknown[])[] =>
  [bools, ints, strings, versions].filter((list) => list !== undefined)

function validateAttribute(attribute: types.DeviceAttribute, path: string): Cause[] {
  const { int, bool, string, version, strings = [], versions = [] } = attribute
  const count = [int, bool, string, version].filter((value) => value !== undefined).length + listsOf(attribute).length
  const causes = [
    ...(string === undefined ? [] : validateText(string, `${path}.string`)),
    ...(version === undefined ? [] : validateVersion(version, `${path}.version`)),
    ...strings.flatMap((text, i) => validateText(text, `${path}.strings[${i}]`)),
    ...versions.flatMap((text, i) => validateVersion(text, `${path}.versions[${i}]`)),
  ]
  if (count === 1) return causes
  return [...causes, invalid(path, count === 0 ? '' : shownAttribute(attribute), 'exactly one value must be specified')]
}

/** Go's names of these fields end in what they are. */
const shownAttribute = (attribute: types.DeviceAttribute): unknown =>
  Object.fromEntries(
    Object.entries(goStruct(types.DeviceAttribute, attribute) as object).map(([name, value]) => [
      name.replace(/s?$/, (s) => `Value${s}`),
      value,
    ]),
  )

const validateText = (text: string, path: string): Cause[] =>
  Buffer.byteLength(text) > VALUE_LENGTH_MAX ? [tooLong(path, VALUE_LENGTH_MAX)] : []

const validateVersion = (text: string, path: string): Cause[] => [
  ...(semver.test(text) ? [] : [invalid(path, text, 'must be a string compatible with semver.org spec 2.0.0')]),
  ...validateText(text, path),
]

const number = '(0|[1-9]\\d*)'
const preRelease = '(0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)'
const build = '[0-9a-zA-Z-]+'
// https://semver.org, version 2.0.0.
const semver = new RegExp(`^${number}\\.${number}\\.${number}(-${preRelease}(\\.${preRelease})*)?(\\+${build}(\\.${build})*)?$`)

function validateNode({ nodeName, nodeSelector, allNodes }: types.Device, isPerDevice: boolean, path: string): Cause[] {
  if (!isPerDevice) {
    if (nodeName === undefined && nodeSelector === undefined && allNodes === undefined) return []
    const detail =
      '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec'
    return [invalid(path, null, detail)]
  }
  const causes: Cause[] = []
  if (nodeName === '') causes.push(invalid(`${path}.nodeName`, nodeName, 'must not be empty'))
  else if (nodeName !== undefined) causes.push(...invalidEach(`${path}.nodeName`, nodeName, checkDns1123Subdomain(nodeName)))
  if (nodeSelector !== undefined) causes.push(...validateNodeSelector(nodeSelector, `${path}.nodeSelector`))
  if (allNodes === false) causes.push(invalid(`${path}.allNodes`, allNodes, 'must be either unset or set to true'))
  const given = [nodeName && '`nodeName`', nodeSelector && '`nodeSelector`', allNodes && '`allNodes`'].filter(Boolean)
  if (given.length === 1) return causes
  const detail =
    'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec'
  return [...causes, given.length === 0 ? required(path, detail) : invalid(path, `{${given.join(', ')}}`, detail)]
}

function validateMappings({ nodeAllocatableResourceMappings: mappings = {}, capacity = {} }: types.Device, path: string): Cause[] {
  return Object.entries(mappings).flatMap(([name, { allocationMultiplier: multiplier, capacityKey: key }]) => {
    const at = `${path}[${name}]`
    const causes = isNative(name) ? [] : [invalid(at, name, 'must be a node allocatable resource name')]
    if (multiplier === undefined && key === undefined)
      return [...causes, invalid(at, '', 'at least one of allocationMultiplier or capacityKey must be set')]
    if (multiplier !== undefined && parseQuantity(multiplier).nano <= 0n)
      causes.push(invalid(`${at}.allocationMultiplier`, multiplier, 'must be positive'))
    if (key === '') causes.push(invalid(`${at}.capacityKey`, '', 'capacityKey must not be an empty string'))
    else if (key !== undefined && !Object.hasOwn(capacity, key)) causes.push(notFound(`${at}.capacityKey`, key))
    return causes
  })
}

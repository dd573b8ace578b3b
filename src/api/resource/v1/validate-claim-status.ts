import { validateNodeSelector } from '#api/core/v1/validation/affinity.ts'
import { validateDriverName } from '#api/core/v1/validation/volumes.ts'
import { goStruct } from '#api/go-struct.ts'
import { validateConditions } from '#api/meta/v1/validate-conditions.ts'
import * as types from '#api/resource/v1/types.ts'
import {
  CONFIG_MAX,
  type RequestNames,
  requestNamesOf,
  validateConfiguration,
  validateRequestRef,
  validateRequestRefs,
} from '#api/resource/v1/validate-claim.ts'
import {
  validateBindingConditions,
  validateInterfaceAddress,
  validateLabel,
  validateOpaque,
  validatePoolName,
  validateSet,
  validateSlice,
  validateUid,
} from '#api/resource/v1/validate-parts.ts'
import { same } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import { forbidden, immutable, invalid, oneOf, required, tooLong, tooMany } from '#schema/validate.ts'

/** What is wrong with what a claim was given, and with who uses it. */
export function validateClaimStatus({ spec, status, metadata }: types.ResourceClaim, previous: types.ResourceClaim): Cause[] {
  const { reservedFor = [], allocation, devices } = status
  const before = previous.status
  const allocated = new Set((allocation?.devices.results ?? []).map((result) => JSON.stringify(deviceIdOf(result))))
  const causes = [
    ...validateSet(reservedFor, RESERVED_MAX, 'status.reservedFor', ({ uid }) => uid, validateConsumer),
    ...validateSet(devices, -1, 'status.devices', deviceIdOf, (device, at) => validateDevice(device, allocated, at)),
  ]
  if (reservedFor.length > 0 && allocation === undefined)
    causes.push(forbidden('status.reservedFor', 'may not be specified when `allocated` is not set'))
  else if (metadata.deletionTimestamp !== undefined) {
    const added = reservedFor.some((consumer) => !(before.reservedFor ?? []).some((old) => same(old, consumer)))
    if (added)
      causes.push(
        forbidden('status.reservedFor', 'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set'),
      )
  }
  if (allocation === undefined) return causes
  return before.allocation === undefined
    ? [...causes, ...validateAllocation(allocation, requestNamesOf(spec.devices), 'status.allocation')]
    : [...causes, ...immutable('status.allocation', goStruct(types.AllocationResult, allocation), same(allocation, before.allocation))]
}

/** A device, or a share of it, by what tells it from all others. */
export const deviceIdOf = ({ driver, pool, device, shareID }: DeviceId) => ({
  Driver: driver,
  Pool: pool,
  Device: device,
  ShareID: shareID ?? '',
})
type DeviceId = Pick<types.AllocatedDeviceStatus, 'driver' | 'pool' | 'device' | 'shareID'>

const RESERVED_MAX = 256
const RESULTS_MAX = 32
const CONDITIONS_MAX = 8
const DATA_SIZE_MAX_BYTES = 10 * 1024
const IPS_MAX = 16

const validateConsumer = ({ resource, name, uid }: types.ResourceClaimConsumerReference, path: string): Cause[] => [
  ...(resource === '' ? [required(`${path}.resource`)] : []),
  ...(name === '' ? [required(`${path}.name`)] : []),
  ...(uid === '' ? [required(`${path}.uid`)] : []),
]

function validateDevice(device: types.AllocatedDeviceStatus, allocated: ReadonlySet<string>, path: string): Cause[] {
  const { conditions, data, networkData, shareID } = device
  const id = deviceIdOf(device)
  const count = conditions?.length ?? 0
  return [
    ...validateDeviceNames(device, path),
    ...(shareID === undefined ? [] : validateUid(shareID, `${path}.shareID`)),
    ...(allocated.has(JSON.stringify(id)) ? [] : [invalid(path, id, 'must be an allocated device in the claim')]),
    ...(count > CONDITIONS_MAX ? [tooMany(`${path}.conditions`, count, CONDITIONS_MAX)] : []),
    ...validateConditions(conditions ?? [], `${path}.conditions`),
    ...(data === undefined || data === null ? [] : validateOpaque(data, DATA_SIZE_MAX_BYTES, `${path}.data`)),
    ...(networkData === undefined ? [] : validateNetwork(networkData, `${path}.networkData`)),
  ]
}

const validateDeviceNames = ({ driver, pool, device }: DeviceId, path: string): Cause[] => [
  ...validateDriverName(driver, `${path}.driver`),
  ...validatePoolName(pool, `${path}.pool`),
  ...validateLabel(device, `${path}.device`),
]

function validateNetwork({ interfaceName = '', hardwareAddress = '', ips }: types.NetworkDeviceData, path: string): Cause[] {
  return [
    ...(Buffer.byteLength(interfaceName) > 256 ? [tooLong(`${path}.interfaceName`, 256)] : []),
    ...(Buffer.byteLength(hardwareAddress) > 128 ? [tooLong(`${path}.hardwareAddress`, 128)] : []),
    ...validateSet(ips, IPS_MAX, `${path}.ips`, (ip) => ip, validateInterfaceAddress),
  ]
}

function validateAllocation({ devices, nodeSelector }: types.AllocationResult, names: RequestNames, path: string): Cause[] {
  return [
    ...validateSlice(devices.results, RESULTS_MAX, `${path}.devices.results`, (result, at) => [
      ...validateRequestRef(result.request, names, `${at}.request`),
      ...validateDeviceNames(result, at),
      ...validateBindingConditions(result, at),
      ...(result.shareID === undefined ? [] : validateUid(result.shareID, `${at}.shareID`)),
    ]),
    // Those of the classes and those of the claim.
    ...validateSlice(devices.config, 2 * CONFIG_MAX, `${path}.devices.config`, (config, at) => [
      ...((config.source as string) === '' ? [required(`${at}.source`)] : oneOf(`${at}.source`, config.source, ['FromClaim', 'FromClass'])),
      ...validateRequestRefs(config.requests, names, `${at}.requests`),
      ...validateConfiguration(config, at),
    ]),
    ...(nodeSelector === undefined ? [] : validateNodeSelector(nodeSelector, `${path}.nodeSelector`)),
  ]
}

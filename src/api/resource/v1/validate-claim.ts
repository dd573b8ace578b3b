import { validateDriverName } from '#api/core/v1/validation/volumes.ts'
import type {
  DeviceClaim,
  DeviceClaimConfiguration,
  DeviceConfiguration,
  DeviceConstraint,
  DeviceRequest,
  DeviceSubRequest,
  ExactDeviceRequest,
} from '#api/resource/v1/types.ts'
import {
  validateFullAttributeName,
  validateLabel,
  validateOpaque,
  validateSet,
  validateSlice,
  validateToleration,
} from '#api/resource/v1/validate-parts.ts'
import { validateSelectors } from '#api/resource/v1/validate-selectors.ts'
import type { Cause } from '#lib/errors.ts'
import { checkDns1123Subdomain, invalid, invalidEach, notSupported, required } from '#schema/validate.ts'

/** What is wrong with a wish for devices. */
export function validateDeviceClaim(claim: DeviceClaim, path: string): Cause[] {
  const names = requestNamesOf(claim)
  return [
    ...validateSet(claim.requests ?? [], REQUESTS_MAX, `${path}.requests`, ({ name }) => name, validateRequest),
    ...validateSlice(claim.constraints, CONSTRAINTS_MAX, `${path}.constraints`, (item, at) => validateConstraint(item, names, at)),
    ...validateSlice(claim.config, CONFIG_MAX, `${path}.config`, (item, at) => validateClaimConfiguration(item, names, at)),
  ]
}

/** Requests that a claim may have, and names that refer to them. */
export const REQUESTS_MAX = 32
const CONSTRAINTS_MAX = 32
/** Configurations that a claim or a class may have. */
export const CONFIG_MAX = 32
const FIRST_AVAILABLE_MAX = 8

/** The names that other parts of a claim may refer to: `request`, and `request/alternative`. */
export type RequestNames = ReadonlySet<string>

/** Names of a claim's requests, with those of their alternatives. */
export const requestNamesOf = ({ requests }: DeviceClaim): RequestNames =>
  new Set((requests ?? []).flatMap(({ name, firstAvailable = [] }) => [name, ...firstAvailable.map((one) => `${name}/${one.name}`)]))

/** What is wrong with references to requests. */
export const validateRequestRefs = (names: readonly string[] | undefined, known: RequestNames, path: string): Cause[] =>
  validateSet(
    names,
    REQUESTS_MAX,
    path,
    (name) => name,
    (name, at) => validateRequestRef(name, known, at),
  )

/** A reference to a request, `name`, or to an alternative of one, `name/alternative`. */
export function validateRequestRef(name: string, known: RequestNames, path: string): Cause[] {
  const unknown = invalid(
    path,
    name,
    "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'",
  )
  const segments = name.split('/')
  if (segments.length > 2) return [unknown]
  const causes = segments.flatMap((segment) => validateLabel(segment, path))
  return known.has(name) ? causes : [...causes, unknown]
}

/** What is wrong with a driver's own configuration. */
export const validateConfiguration = ({ opaque }: DeviceConfiguration, path: string): Cause[] =>
  opaque === undefined
    ? [required(`${path}.opaque`)]
    : [
        ...validateDriverName(opaque.driver, `${path}.opaque.driver`),
        ...validateOpaque(opaque.parameters, PARAMETERS_SIZE_MAX_BYTES, `${path}.opaque.parameters`),
      ]

const PARAMETERS_SIZE_MAX_BYTES = 10 * 1024

function validateRequest({ name, exactly, firstAvailable = [] }: DeviceRequest, path: string): Cause[] {
  const causes = validateLabel(name, `${path}.name`)
  const isNeeded = 'exactly one of `exactly` or `firstAvailable` is required'
  if (exactly !== undefined)
    return firstAvailable.length > 0
      ? [...causes, invalid(path, null, `${isNeeded}, but multiple fields are set`)]
      : [...causes, ...validateExact(exactly, `${path}.exactly`)]
  if (firstAvailable.length === 0) return [...causes, required(path, isNeeded)]
  return [
    ...causes,
    ...validateSet(
      firstAvailable,
      FIRST_AVAILABLE_MAX,
      `${path}.firstAvailable`,
      (one) => one.name,
      (one, at) => [...validateLabel(one.name, `${at}.name`), ...validateExact(one, at)],
    ),
  ]
}

function validateExact(request: ExactDeviceRequest | DeviceSubRequest, path: string): Cause[] {
  const { deviceClassName: className, selectors, allocationMode: mode, count = 0, tolerations = [] } = request
  const classPath = `${path}.deviceClassName`
  const causes = className === '' ? [required(classPath)] : invalidEach(classPath, className, checkDns1123Subdomain(className))
  causes.push(...validateSelectors(selectors, `${path}.selectors`))
  if (mode === 'All') {
    if (count !== 0) causes.push(invalid(`${path}.count`, count, "must not be specified when allocationMode is 'All'"))
  } else if (mode === 'ExactCount') {
    if (count <= 0) causes.push(invalid(`${path}.count`, count, 'must be greater than zero'))
  } else causes.push(notSupported(`${path}.allocationMode`, mode, ['All', 'ExactCount']))
  return [...causes, ...tolerations.flatMap((toleration, i) => validateToleration(toleration, `${path}.tolerations[${i}]`))]
}

function validateConstraint(constraint: DeviceConstraint, names: RequestNames, path: string): Cause[] {
  const { requests, matchAttribute, distinctAttribute } = constraint
  const causes = validateRequestRefs(requests, names, `${path}.requests`)
  if (matchAttribute !== undefined) return [...causes, ...validateFullAttributeName(matchAttribute, `${path}.matchAttribute`)]
  if (distinctAttribute !== undefined) return [...causes, ...validateFullAttributeName(distinctAttribute, `${path}.distinctAttribute`)]
  return [
    ...causes,
    // Though none is set, the reference says so.
    required(path, 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set'),
  ]
}

const validateClaimConfiguration = (config: DeviceClaimConfiguration, names: RequestNames, path: string): Cause[] => [
  ...validateRequestRefs(config.requests, names, `${path}.requests`),
  ...validateConfiguration(config, path),
]

import { protocols } from '#api/core/v1/validation/container.ts'
import { validateEndpointIp } from '#api/core/v1/validation/endpoints.ts'
import type { Endpoint, EndpointPort, EndpointSlice } from '#api/discovery/v1/types.ts'
import { same } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import { repeats } from '#lib/repeats.ts'
import {
  checkDns1123Label,
  checkDns1123Subdomain,
  checkFullyQualifiedName,
  checkIp,
  checkLabelValue,
  checkLegacyIp,
  checkQualifiedName,
  duplicate,
  invalid,
  invalidEach,
  notSupported,
  required,
  tooMany,
} from '#schema/validate.ts'

const ENDPOINTS_MAX = 1000
const ADDRESSES_MAX = 100
const PORTS_MAX = 20000
const HINTS_MAX = 8
const addressTypes = ['FQDN', 'IPv4', 'IPv6']

/** What is wrong with a new slice. */
export function validateEndpointSlice(slice: EndpointSlice): Cause[] {
  return [...validateTypeAndPorts(slice), ...validateEndpoints(slice)]
}

/** What was stored before a rule became stricter may stay as it is. */
export function validateEndpointSliceUpdate(next: EndpointSlice, previous: EndpointSlice): Cause[] {
  return [
    ...validateTypeAndPorts(next),
    ...(same(next.endpoints, previous.endpoints) ? [] : validateEndpoints(next)),
    ...(next.addressType === previous.addressType ? [] : [invalid('addressType', next.addressType, 'field is immutable')]),
  ]
}

function validateTypeAndPorts({ addressType, ports }: EndpointSlice): Cause[] {
  const type = addressType as string
  const own = type === '' ? [required('addressType')] : addressTypes.includes(type) ? [] : [notSupported('addressType', type, addressTypes)]
  return [...own, ...validatePorts(ports ?? [])]
}

function validatePorts(ports: readonly EndpointPort[]): Cause[] {
  if (ports.length > PORTS_MAX) return [tooMany('ports', ports.length, PORTS_MAX)]
  const names = new Set<string>()
  return ports.flatMap(({ name, protocol, appProtocol }, i) => {
    const at = `ports[${i}]`
    const causes: Cause[] = name === '' ? [] : invalidEach(`${at}.name`, name, checkDns1123Label(name))
    if (names.has(name)) causes.push(duplicate(`${at}.name`, name))
    names.add(name)
    if (!protocols.includes(protocol)) causes.push(notSupported(`${at}.protocol`, protocol, protocols))
    return appProtocol === undefined
      ? causes
      : [...causes, ...invalidEach(`${at}.appProtocol`, appProtocol, checkQualifiedName(appProtocol))]
  })
}

function validateEndpoints({ endpoints: given, addressType }: EndpointSlice): Cause[] {
  const endpoints = given ?? []
  if (endpoints.length > ENDPOINTS_MAX) return [tooMany('endpoints', endpoints.length, ENDPOINTS_MAX)]
  return endpoints.flatMap((endpoint, i) => validateEndpoint(endpoint, addressType, `endpoints[${i}]`))
}

function validateEndpoint({ addresses: given, nodeName, hostname, hints }: Endpoint, type: string, path: string): Cause[] {
  const addresses = given ?? []
  const at = `${path}.addresses`
  const causes: Cause[] = []
  if (addresses.length === 0) causes.push(required(at, 'must contain at least 1 address'))
  else if (addresses.length > ADDRESSES_MAX) causes.push(tooMany(at, addresses.length, ADDRESSES_MAX))
  causes.push(...addresses.flatMap((address, i) => validateAddress(address, type, at, `${at}[${i}]`)))
  if (nodeName !== undefined) causes.push(...invalidEach(`${path}.nodeName`, nodeName, checkDns1123Subdomain(nodeName)))
  if (hostname !== undefined) causes.push(...invalidEach(`${path}.hostname`, hostname, checkDns1123Label(hostname)))
  for (const list of ['forZones', 'forNodes'] as const) {
    const names = (hints?.[list] ?? []).map(({ name }) => name)
    const field = `${path}.hints.${list}`
    if (names.length > HINTS_MAX) causes.push(tooMany(field, names.length, HINTS_MAX))
    const isRepeated = repeats(names)
    for (const [i, name] of names.entries()) {
      if (isRepeated[i]) causes.push(duplicate(`${field}[${i}].name`, name))
      const problems = list === 'forZones' ? checkLabelValue(name) : checkDns1123Subdomain(name)
      causes.push(...invalidEach(`${field}[${i}].name`, name, problems))
    }
  }
  return causes
}

/** The wrong family is named at the list, everything else at the address. */
function validateAddress(address: string, type: string, list: string, path: string): Cause[] {
  if (type === 'FQDN') return address === '' ? [required(path)] : invalidEach(path, address, checkFullyQualifiedName(address))
  if (type !== 'IPv4' && type !== 'IPv6') return []
  const problems = type === 'IPv4' ? checkLegacyIp(address) : checkIp(address)
  if (problems.length > 0) return invalidEach(path, address, problems)
  const isV6 = address.includes(':')
  return [
    ...(isV6 === (type === 'IPv6') ? [] : [invalid(list, address, `must be an ${type} address`)]),
    ...validateEndpointIp(address, path),
  ]
}

import type { EndpointAddress, EndpointPort, Endpoints } from '#api/core/v1/types.ts'
import { same } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import { parseIp } from '#schema/ip.ts'
import {
  checkDns1123Label,
  checkDns1123Subdomain,
  checkLegacyIp,
  checkPortNumber,
  checkQualifiedName,
  invalid,
  invalidEach,
  notSupported,
  required,
} from '#schema/validate.ts'
import { protocols } from './container.ts'

/** What is wrong with Endpoints. */
export function validateEndpoints({ subsets = [] }: Endpoints): Cause[] {
  return subsets.flatMap(({ addresses = [], notReadyAddresses = [], ports = [] }, i) => {
    const at = `subsets[${i}]`
    return [
      ...(addresses.length + notReadyAddresses.length === 0 ? [required(at, 'must specify `addresses` or `notReadyAddresses`')] : []),
      ...addresses.flatMap((address, j) => validateAddress(address, `${at}.addresses[${j}]`)),
      ...notReadyAddresses.flatMap((address, j) => validateAddress(address, `${at}.notReadyAddresses[${j}]`)),
      ...ports.flatMap((port, j) => validatePort(port, ports.length > 1, `${at}.ports[${j}]`)),
    ]
  })
}

/** What was stored before a rule became stricter may stay as it is. */
export const validateEndpointsUpdate = (next: Endpoints, previous: Endpoints): Cause[] =>
  same(next.subsets, previous.subsets) ? [] : validateEndpoints(next)

/** Endpoints are other machines: not this one, and not one that only the same link reaches. */
export function validateEndpointIp(address: string, path: string): Cause[] {
  const ip = parseIp(address)
  if (ip === undefined) return [invalid(path, address, 'must be a valid IP address')]
  const v4 = ip.length === 4 ? ip : ip.subarray(0, 12).every((byte, i) => byte === (i < 10 ? 0 : 255)) ? ip.subarray(12) : undefined
  const causes: Cause[] = []
  if (ip.every((byte) => byte === 0)) causes.push(invalid(path, address, `may not be unspecified (${address})`))
  if (v4 ? v4[0] === 127 : ip.every((byte, i) => byte === (i === 15 ? 1 : 0)))
    causes.push(invalid(path, address, 'may not be in the loopback range (127.0.0.0/8, ::1/128)'))
  if (v4 ? v4[0] === 169 && v4[1] === 254 : ip[0] === 0xfe && (ip[1]! & 0xc0) === 0x80)
    causes.push(invalid(path, address, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'))
  if (v4 ? v4[0] === 224 && v4[1] === 0 && v4[2] === 0 : ip[0] === 0xff && (ip[1]! & 0x0f) === 0x02)
    causes.push(invalid(path, address, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'))
  return causes
}

function validateAddress({ ip, hostname, nodeName }: EndpointAddress, path: string): Cause[] {
  return [
    ...invalidEach(`${path}.ip`, ip, checkLegacyIp(ip)),
    ...(hostname ? invalidEach(`${path}.hostname`, hostname, checkDns1123Label(hostname)) : []),
    ...(nodeName === undefined ? [] : invalidEach(`${path}.nodeName`, nodeName, checkDns1123Subdomain(nodeName))),
    ...validateEndpointIp(ip, `${path}.ip`),
  ]
}

function validatePort({ name = '', port, protocol, appProtocol }: EndpointPort, needsName: boolean, path: string): Cause[] {
  return [
    ...(name === '' ? (needsName ? [required(`${path}.name`)] : []) : invalidEach(`${path}.name`, name, checkDns1123Label(name))),
    ...invalidEach(`${path}.port`, port, checkPortNumber(port)),
    ...(protocols.includes(protocol) ? [] : [notSupported(`${path}.protocol`, protocol, protocols)]),
    ...(appProtocol === undefined ? [] : invalidEach(`${path}.appProtocol`, appProtocol, checkQualifiedName(appProtocol))),
  ]
}

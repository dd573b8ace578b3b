import { isIP } from 'node:net'
import type { Config } from '#host/config.ts'
import { WherryError } from '#lib/errors.ts'
import type { Given } from '../command.ts'

/** The file's settings, changed by what the call says. */
export function settle(config: Config, options: Given['options']): Config {
  const text = (name: string): string | undefined => (typeof options[name] === 'string' ? (options[name] as string) : undefined)
  const checked = (name: string, isRight: (given: string) => boolean, wanted: string): string | undefined => {
    const given = text(name)
    if (given !== undefined && !isRight(given)) throw new WherryError('BadRequest', `--${name} must be ${wanted}, not "${given}"`)
    return given
  }
  const port = (name: string, otherwise: number): number => Number(checked(name, isPort, 'a port from 1 to 65535') ?? otherwise)
  const settled = {
    ...config,
    apiPort: port('api-port', config.apiPort),
    kubeletPort: port('kubelet-port', config.kubeletPort),
    nodeName: checked('node-name', isNodeName, 'lower case letters, digits, "-" and "." (RFC 1123)') ?? config.nodeName,
    nodeAddress:
      checked('node-address', isNodeAddress, 'an address, or one of IPv4 and one of IPv6 with a comma between them') ?? config.nodeAddress,
  }
  if (settled.apiPort === settled.kubeletPort)
    throw new WherryError('BadRequest', `API server and node agent cannot both have port ${settled.apiPort}; choose another --kubelet-port`)
  return settled
}

const isPort = (given: string): boolean => /^\d{1,5}$/.test(given) && Number(given) >= 1 && Number(given) <= 65_535

const isNodeAddress = (given: string): boolean => {
  const families = given.split(',').map((address) => isIP(address.trim()))
  return !families.includes(0) && families.length <= 2 && new Set(families).size === families.length
}

/** The name of an object, and of a folder of certificates. */
const isNodeName = (given: string): boolean =>
  given.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(given)

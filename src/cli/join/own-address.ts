import { createSocket } from 'node:dgram'
import { ownAddress } from '#host/config.ts'
import { WherryError } from '#lib/errors.ts'

/**
 * The address by which this machine reaches the server, and so most likely the other nodes: a machine has several, and the first one found may lead
 * elsewhere. The kernel chooses it by its routes; no packet is sent. Throws `ServiceUnavailable` where there is no way.
 */
export async function addressTowards(server: URL): Promise<string> {
  const host = server.hostname.replace(/^\[|\]$/g, '')
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.connect(Number(server.port || 443), host, resolve)
    })
    const { address } = socket.address()
    return address === '::1' || address.startsWith('127.') ? ownAddress() : address
  } catch (cause) {
    throw new WherryError('ServiceUnavailable', `there is no way from this machine to ${server.host}: ${(cause as Error).message}`, {
      cause,
    })
  } finally {
    socket.close()
  }
}

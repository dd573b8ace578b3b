/**
 * One end of the DNS figure, in a process of its own so that its processor time and memory are its own. `names`: the node's name server over informers
 * of a server in this process, with a namespace of Services. `echo`: what comes goes back, which no name server in this runtime can beat.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Service } from '#api/core/v1/service.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { createClient } from '#client/http.ts'
import { createInformer } from '#client/informer.ts'
import { createStubServer } from '#client/testing/stub-server.ts'
import { systemClock } from '#host/clock.ts'
import { exchangeDns, listenDns } from '#host/dns-sockets.ts'
import { systemRandom } from '#host/random.ts'
import { silentLog } from '#lib/log.ts'
import { createRegistry } from '#lib/metrics/registry.ts'
import { serveNames, serviceAddressIndex, sliceAddressIndex } from '#network/dns/serve-names.ts'

const [what, count = '1000', upstream = ''] = process.argv.slice(2)
const loopback = '127.0.0.1'
process.send?.({ port: what === 'echo' ? await echo() : await names(Number(count)) })
process.once('disconnect', () => process.exit())

async function echo(): Promise<number> {
  const socket = createSocket({ type: 'udp4', lookup: (host, _options, callback) => callback(null, host, 4) })
  socket.on('message', (message, from) => socket.send(message, from.port, from.address))
  // It listens at once, since there is nothing to look up.
  const listening = once(socket, 'listening')
  socket.bind(0, loopback)
  await listening
  return socket.address().port
}

async function names(services: number): Promise<number> {
  const client = createClient(createStubServer().transport, { fieldManager: 'bench' })
  await client.create(Namespace, { metadata: { name: 'shop' } })
  for (let i = 0; i < services; i += 1) {
    const isHeadless = i % 10 === 9
    const address = `10.${96 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`
    const spec = {
      clusterIP: isHeadless ? 'None' : address,
      clusterIPs: [isHeadless ? 'None' : address],
      ports: [{ name: 'http', port: 80 }],
    }
    await client.create(Service, { metadata: { name: `service-${i}` }, spec } as never, { namespace: 'shop' })
    if (isHeadless)
      await client.create(
        EndpointSlice,
        {
          metadata: { name: `service-${i}`, labels: { 'kubernetes.io/service-name': `service-${i}` } },
          addressType: 'IPv4',
          endpoints: Array.from({ length: 5 }, (_, at) => ({ addresses: [`10.244.${i & 255}.${at + 2}`], hostname: `pod-${at}` })),
          ports: [{ name: 'http', port: 8080 }],
        } as never,
        { namespace: 'shop' },
      )
  }
  const cache = { clock: systemClock, random: systemRandom, log: silentLog }
  const sliceService = {
    service: ({ metadata }: EndpointSlice) => [`${metadata.namespace}/${metadata.labels?.['kubernetes.io/service-name']}`],
  }
  const caches = {
    services: createInformer(client, Service, { ...cache, indexes: serviceAddressIndex }),
    slices: createInformer(client, EndpointSlice, { ...cache, indexes: { ...sliceService, ...sliceAddressIndex } }),
    namespaces: createInformer(client, Namespace, cache),
    settings: createInformer(client, ConfigMap, cache),
  }
  await Promise.all(Object.values(caches).map((informer) => informer.synced()))
  let port = 0
  await serveNames({
    async listen(address, handler) {
      const sockets = await listenDns(address, 0, handler, (error) => console.error(error))
      port = sockets.port
      return sockets
    },
    exchange: exchangeDns,
    machine: { current: () => (upstream === '' ? [] : [upstream]), watch: () => () => {} },
    ...cache,
    events: { record() {} },
    registry: createRegistry(),
    addresses: [loopback],
    clusterDomain: 'cluster.local',
    clusterRanges: ['127.0.0.0/8'],
    ownAddresses: () => [],
    caches,
  })
  return port
}

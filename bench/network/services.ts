import { setTimeout as delay } from 'node:timers/promises'
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { addresses, openPacketWorld, type PacketWorld, type Place } from '#network/proxy/testing/packet-world.ts'
import type { Figure, Row } from '../figure.ts'
import { quantiles } from '../support/statistics.ts'

/** What a change of one Service costs among few and many: until a packet goes through, and what of that is nft's. */
export const services: Figure = {
  name: 'services',
  part: 'cluster',
  about: 'Services: all rules at start, one Service or endpoint more until a packet goes through, among 100, 1,000 and 10,000',
  async measure({ terminal }) {
    const rows: Row[] = []
    for (const count of [100, 1_000, 10_000]) {
      const world = await openPacketWorld(`svcb${process.pid % 10_000}`)
      try {
        rows.push(...(await measureCount(world, count, terminal)))
      } finally {
        await world.close()
      }
    }
    return rows
  },
}

const rounds = 15

async function measureCount(world: PacketWorld, count: number, terminal: (line: string) => void): Promise<Row[]> {
  fillServices(world, count)
  const title = `${count.toLocaleString('en-US')} Services`
  const from = performance.now()
  const proxy = await world.start()
  const startMs = performance.now() - from
  const rows: Row[] = [row(`${title}: all rules`, startMs, { nftMs: world.nftMs.at(-1)! })]
  /** Asked before the change, so that the first packet that can go through does. */
  const change = async (name: string, what: (round: number) => { readonly to: string; readonly who: Place; readonly put: () => void }) => {
    const [packetMs, nftMs]: [number[], number[]] = [[], []]
    for (let round = 0; round < rounds; round += 1) {
      const { to, who, put } = what(round)
      const through = world.probeUntil('client', to, 80, who)
      await delay(20)
      world.nftMs.length = 0
      const begun = performance.now()
      put()
      await through
      packetMs.push(performance.now() - begun)
      await proxy.settled()
      nftMs.push(world.nftMs[0]!)
    }
    const [packet, nft] = [quantiles(packetMs), quantiles(nftMs)]
    rows.push(
      row(`${title}: ${name}`, packet.p50, {
        leastMs: Math.min(...packetMs),
        p99Ms: packet.p99,
        nftMs: nft.p50,
        nftLeastMs: Math.min(...nftMs),
      }),
    )
    terminal(`${title}: ${name}: ${packet.p50.toFixed(1)} ms to the first packet, nft ${nft.p50.toFixed(1)} ms`)
  }
  await change('one more', (round) => {
    const to = `10.8.0.${100 + round}`
    return { to, who: 'a', put: () => putService(world, `new${round}`, to, ['a']) }
  })
  await change('another endpoint', (round) => {
    const who = round % 2 === 0 ? 'b' : 'a'
    return { to: '10.8.0.100', who, put: () => putService(world, 'new0', '10.8.0.100', [who]) }
  })
  const [gone]: [number[]] = [[]]
  for (let round = 0; round < rounds; round += 1) {
    world.nftMs.length = 0
    world.services.remove(world.services.informer.get(`new${round}`, 'bench')!)
    await proxy.settled()
    gone.push(world.nftMs[0]!)
  }
  rows.push(row(`${title}: one less (nft)`, quantiles(gone).p50, { p99Ms: quantiles(gone).p99 }))
  terminal(`${title}: all rules in ${startMs.toFixed(0)} ms`)
  return rows
}

/** Services of three endpoints each, which nobody asks. */
export function fillServices(world: PacketWorld, count: number): void {
  for (let i = 0; i < count; i += 1) {
    const rest = `${i >> 8}.${i & 255}`
    world.services.put(service(`s${i}`, `10.16.${rest}`, [udp, tcp]))
    world.slices.put(
      slice(
        `s${i}`,
        [1, 2, 3].map((pod) => `10.${20 + pod}.${rest}`),
        [udp, tcp],
      ),
    )
  }
}

/** A UDP and TCP Service of pods of the world. */
export function putService(world: PacketWorld, name: string, address: string, who: readonly Place[]): void {
  world.services.put(service(name, address, [udp, tcp, stream]))
  world.slices.put(
    slice(
      name,
      who.map((place) => addresses[place][0]),
      [udp, tcp, stream],
    ),
  )
}

interface Port {
  readonly name: string
  readonly at: number
  readonly to: number
  readonly protocol: 'TCP' | 'UDP'
}

const udp: Port = { name: 'u', at: 80, to: 8080, protocol: 'UDP' }
const tcp: Port = { name: 't', at: 80, to: 8081, protocol: 'TCP' }
/** Where iperf3 serves. */
const stream: Port = { name: 's', at: 5201, to: 5201, protocol: 'TCP' }

const service = (name: string, address: string, ports: readonly Port[]): Service =>
  ({
    kind: 'Service',
    metadata: { name, namespace: 'bench', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: {
      type: 'ClusterIP',
      clusterIPs: [address],
      ports: ports.map(({ name: port, at, protocol }) => ({ name: port, port: at, protocol })),
    },
  }) as unknown as Service

const slice = (name: string, all: readonly string[], ports: readonly Port[]): EndpointSlice =>
  ({
    kind: 'EndpointSlice',
    metadata: { name: `${name}-1`, namespace: 'bench', labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: ports.map(({ name: port, to, protocol }) => ({ name: port, port: to, protocol })),
    endpoints: all.map((address) => ({ addresses: [address], nodeName: 'here', conditions: { ready: true } })),
  }) as unknown as EndpointSlice

const row = (figure: string, value: number, beside: Row['beside']): Row => ({ figure, value, unit: 'ms', better: 'less', beside })

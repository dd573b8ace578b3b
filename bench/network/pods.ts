import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '#host/clock.ts'
import { createRouteHost } from '#host/routes.ts'
import { run } from '#host/run.ts'
import { WherryError } from '#lib/errors.ts'
import { silentLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import { startPodNetwork } from '#network/pod-network.ts'
import type { PodNetworkMode } from '#network/routes/desired-network.ts'
import type { NodeNetwork, NodeNetworks } from '#network/routes/node-networks.ts'
import { createTestMachines } from '#network/testing/machines.ts'
import type { Figure, Row } from '../figure.ts'
import { quantiles } from '../support/statistics.ts'
import { type Ends, throughput } from './iperf3.ts'

/** What the pod network takes of a bare veth pair between two network namespaces, measured in turn with it: the machine is the same, and as busy. */
export const podNetwork: Figure = {
  name: 'pod-network',
  part: 'cluster',
  about: 'pod to pod beside a bare veth pair: on one node, over VXLAN and over host gateways; needs iperf3 and ping',
  async measure({ seconds, terminal }) {
    const machines = createTestMachines('podnetbench')
    try {
      const ways = [
        ...(await bareVeth(machines)),
        ...(await throughNodes(machines, 'vxlan')),
        ...(await throughNodes(machines, 'host-gateway')),
      ]
      const results = ways.map(() => ({ gigabits: [] as number[], roundTripUs: [] as number[] }))
      const perRound = Math.max(1, Math.round(seconds / rounds))
      for (let round = 0; round < rounds; round += 1)
        for (const [at, way] of ways.entries()) {
          results[at]!.gigabits.push(await throughput(way, perRound))
          results[at]!.roundTripUs.push(await roundTrip(way))
        }
      const medians = results.map(({ gigabits, roundTripUs }) => ({
        gigabits: quantiles(gigabits).p50,
        roundTripUs: quantiles(roundTripUs).p50,
      }))
      const [bare] = medians as [(typeof medians)[0]]
      return ways.flatMap(({ name }, at): Row[] => {
        const { gigabits, roundTripUs } = medians[at]!
        terminal(`${name}: ${gigabits.toFixed(1)} Gbit/s, ${roundTripUs.toFixed(0)} µs`)
        return [
          {
            figure: `${name}: throughput`,
            value: gigabits,
            unit: 'Gbit/s',
            better: 'more',
            beside: { ofBareVeth: gigabits / bare.gigabits },
          },
          {
            figure: `${name}: round trip`,
            value: roundTripUs,
            unit: 'µs',
            better: 'less',
            beside: { ofBareVeth: roundTripUs / bare.roundTripUs },
          },
        ]
      })
    } finally {
      await machines.close()
    }
  },
}

const rounds = 3
/** Back to back; the whole lasts long enough for a clock of milliseconds. */
const pings = 50_000

interface Way extends Ends {
  readonly name: string
}

type Machines = ReturnType<typeof createTestMachines>

async function bareVeth(machines: Machines): Promise<Way[]> {
  const [a, b] = await machines.pair()
  return [{ name: 'bare veth', from: a!.inside, to: b!.inside, address: b!.address }]
}

/** Two nodes with a pod each, and a second pod on the first. */
async function throughNodes(machines: Machines, mode: PodNetworkMode): Promise<Way[]> {
  const { nodes } = await machines.cluster({ count: 2, underlay: ['v4'], pods: ['v4'] })
  const networks = still(nodes.map(({ network }) => network))
  const parts = nodes.map((node) =>
    startPodNetwork({
      host: createRouteHost(node.inside),
      clock: systemClock,
      random: seededRandom(1),
      log: silentLog,
      mode,
      nodeName: node.network.name,
      nodeAddresses: node.network.addresses,
      nodeNetworks: networks,
      names: { vxlan: 'wherry-vxlan', bridge: 'wherry0' },
      cniConfigFile: node.cniConfigFile,
      cniStateDirectory: node.cniStateDirectory,
      onProblem({ message }) {
        throw new WherryError('InternalError', message)
      },
    }),
  )
  for (let round = 0; nodes.some((node) => node.cniConfig() === undefined) && round < 200; round += 1) await delay(25)
  // What is made stays without them, and nothing else runs beside the measurement.
  await Promise.all(parts.map((part) => part.stop()))
  const [first, second] = [await nodes[0]!.addPod('a'), await nodes[1]!.addPod('b')]
  const beside = mode === 'vxlan' ? [await nodes[0]!.addPod('c')] : []
  return [
    ...beside.map((pod) => ({ name: 'pods of one node', from: first.inside, to: pod.inside, address: pod.addresses[0]! })),
    { name: `pods of two nodes, ${mode}`, from: first.inside, to: second.inside, address: second.addresses[0]! },
  ]
}

async function roundTrip({ from, address }: Way): Promise<number> {
  const [command, ...args] = [...from, 'ping', '-n', '-q', '-f', '-c', String(pings), address]
  const { stdout } = await run(command!, args, { timeoutMs: 60_000 })
  const [, received, tookMs] = /(\d+) received.* time (\d+)ms/.exec(stdout) ?? []
  return (Number(tookMs) * 1_000) / Number(received)
}

function still(all: readonly NodeNetwork[]): NodeNetworks {
  return {
    list: () => all,
    addresses: () => all.flatMap(({ addresses }) => addresses),
    isSynced: () => true,
    synced: async () => {},
    onChange: () => () => {},
    stop() {},
  }
}

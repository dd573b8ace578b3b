/** Pods of nodes that are network namespaces, made by the real CNI plug-ins, over VXLAN and over host gateways. Needs root, iproute2 and the plug-ins. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '#host/clock.ts'
import { createRouteHost, removeWays } from '#host/routes.ts'
import { run } from '#host/run.ts'
import { createJsonLog, silentLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import { startPodNetwork } from '../pod-network.ts'
import { createTestMachines, type TestMachine } from '../testing/machines.ts'
import type { NetworkProblem, PodNetworkMode } from './desired-network.ts'
import type { NodeNetwork, NodeNetworks } from './node-networks.ts'
import type { RouteHost } from './route-host.ts'
import { fakeServiceRanges } from './testing/fake-service-ranges.ts'

const loud = createJsonLog((line) => console.error(line), systemClock)
const machines = createTestMachines('podnet')
after(() => machines.close())

check('VXLAN over IPv4', { mode: 'vxlan', underlay: ['v4'], pods: ['v4'] })
check('VXLAN over IPv6', { mode: 'vxlan', underlay: ['v6'], pods: ['v6'] })
check('VXLAN, both families', { mode: 'vxlan', underlay: ['v4', 'v6'], pods: ['v4', 'v6'] })
check('host gateways over IPv4', { mode: 'host-gateway', underlay: ['v4'], pods: ['v4'] })
check('host gateways, both families', { mode: 'host-gateway', underlay: ['v4', 'v6'], pods: ['v4', 'v6'] })
check('host gateways, a peer behind a router', { mode: 'host-gateway', underlay: ['v4'], pods: ['v4'], isRouted: true })

const serviceAddresses = ['10.96.0.10', 'fd00:10:96::a']
const serviceRanges = ['10.96.0.0/12', 'fd00:10:96::/112']

type Family = 'v4' | 'v6'

interface Case {
  readonly mode: PodNetworkMode
  readonly underlay: readonly Family[]
  readonly pods: readonly Family[]
  /** The third machine is not on the link of the others. */
  readonly isRouted?: boolean
}

/** Three machines with a pod each: everybody reaches everybody by their own address, in full packets; what is cut heals; what was made goes. */
function check(name: string, { mode, underlay, pods, isRouted = false }: Case): void {
  test(name, { timeout: 60_000 }, async (t) => {
    const world = await machines.cluster({ count: 3, underlay, pods, isRouted })
    t.after(() => world.close())
    const networks = fakeNetworks(world.nodes.map(({ network }) => network))
    const ranges = fakeServiceRanges(serviceRanges)
    const problems: NetworkProblem[] = []
    let changes = 0
    const counted = (host: RouteHost): RouteHost => ({
      ...host,
      apply(commands) {
        changes += commands.length
        return host.apply(commands)
      },
    })
    const start = (machine: TestMachine) =>
      startPodNetwork({
        host: counted(createRouteHost(machine.inside)),
        clock: systemClock,
        random: seededRandom(1),
        log: process.env['PODNET_LOG'] ? loud : silentLog,
        mode,
        nodeName: machine.network.name,
        nodeAddresses: machine.network.addresses,
        nodeNetworks: networks,
        names: { vxlan: 'wherry-vxlan', bridge: 'wherry0' },
        serviceDevice: { device: 'svc0', addresses: serviceAddresses, ranges: serviceRanges, sources: machine.network.addresses },
        serviceRanges: ranges,
        loopbackGuarded: Promise.resolve(),
        cniConfigFile: machine.cniConfigFile,
        cniStateDirectory: machine.cniStateDirectory,
        onProblem: (problem) => problems.push(problem),
      })
    const parts = world.nodes.map(start)
    t.after(() => Promise.all(parts.map((part) => part.stop())))
    await until('the CNI configurations', async () => world.nodes.every((node) => node.cniConfig() !== undefined))
    const made = await Promise.all(world.nodes.map((node, index) => node.addPod(`p${index}`)))

    await until('the ways', async () => made.every((pod) => pod.addresses.length === pods.length))
    for (const from of made)
      for (const to of made) {
        if (from === to) continue
        for (const address of to.addresses) await reaches(from.inside, address, from.mtu, `${from.name} → ${to.name} ${address}`)
      }
    // By its own address, without translation: the node sees the pod's.
    for (const [index, from] of made.entries())
      for (const [other, node] of world.nodes.entries()) {
        if (index === other) continue
        for (const address of node.network.addresses)
          if (pods.includes(address.includes(':') ? 'v6' : 'v4'))
            await reaches(from.inside, address, from.mtu, `${from.name} → node ${node.network.name}`)
        for (const address of from.addresses) await reaches(node.inside, address, 100, `node ${node.network.name} → ${from.name}`)
      }
    assert.deepEqual(problems, [])
    const setting = '/proc/sys/net/ipv4/conf/wherry0/route_localnet'
    for (const node of world.nodes)
      await until('host ports at the loopback address', async () => (await node.run('cat', setting)).trim() === '1')

    await t.test('somebody deletes the device: it comes back', async () => {
      const [first, second] = made as [(typeof made)[0], (typeof made)[0]]
      const [node] = world.nodes as [TestMachine]
      const target = isRouted ? made[2]! : second
      if (mode === 'vxlan' || isRouted) await node.run('ip', 'link', 'delete', 'wherry-vxlan')
      else await node.run('ip', 'route', 'delete', world.nodes[1]!.network.podCIDRs[0]!)
      await until('healed', () => pings(first.inside, target.addresses[0]!, 100))
    })

    await t.test('the interface of Services comes back, whatever of it somebody takes away', async () => {
      const [node] = world.nodes as [TestMachine]
      const isWhole = async () => {
        const { stdout } = await run('ip', ['-json', '-netns', node.inside.at(-1)!, 'address', 'show', 'svc0'], { accept: [1] })
        const routes = await Promise.all(
          ['-4', '-6'].map((family) => node.run('ip', family, 'route', 'show', 'dev', 'svc0').catch(() => '')),
        )
        return (
          serviceAddresses.every((address) => stdout.includes(`"${address}"`)) &&
          serviceRanges.every(
            (range) => !underlay.includes(range.includes(':') ? 'v6' : 'v4') || routes.some((text) => text.includes(range)),
          )
        )
      }
      await until('there', isWhole)
      await node.run('ip', 'link', 'delete', 'svc0')
      await until('there after it was deleted', isWhole)
      await node.run('ip', 'link', 'set', 'svc0', 'down')
      await until('there after it was turned off', isWhole)
      await node.run('ip', 'address', 'flush', 'dev', 'svc0')
      await until('there after its addresses were taken away', isWhole)
    })

    await t.test('ranges of Services that come later have routes as long as they are there', async () => {
      const [node] = world.nodes as [TestMachine]
      const own = underlay.includes('v4') ? ['10.112.0.0/16'] : ['fd00:10:112::/112']
      const routes = async () => Promise.all(['-4', '-6'].map((family) => node.run('ip', family, 'route', 'show', 'dev', 'svc0')))
      const has = async (range: string) => (await routes()).some((text) => text.includes(range))
      ranges.set([...serviceRanges, ...own])
      for (const range of own) await until('a route', () => has(range))
      const before = (await routes()).join('\n')
      ranges.set(serviceRanges)
      for (const range of own) await until('no route', async () => !(await has(range)))
      const lines = before.split('\n').filter((line) => !own.some((range) => line.startsWith(range)))
      assert.deepEqual((await routes()).join('\n').split('\n').sort(), lines.sort(), 'all others stay')
    })

    await t.test('a cut and healed network needs no hand', async () => {
      await world.link('ip', 'link', 'set', 'port0', 'down')
      assert.ok(!(await pings(made[0]!.inside, made[1]!.addresses[0]!, 100)))
      await world.link('ip', 'link', 'set', 'port0', 'up')
      await until('healed', () => pings(made[0]!.inside, made[1]!.addresses[0]!, 100))
      if (underlay.includes('v6')) return
      // The kernel takes the routes of an interface that is turned off, and gives none of them back.
      const [node] = world.nodes as [TestMachine]
      await node.run('ip', 'link', 'set', 'eth0', 'down')
      await node.run('ip', 'link', 'set', 'eth0', 'up')
      await node.run('ip', 'route', 'replace', 'default', 'via', '192.168.0.254')
      await until('up again', () => pings(made[0]!.inside, made[1]!.addresses[0]!, 100))
    })

    await t.test('a network that carries less: pods that run have the smaller MTU at both ends', async () => {
      const [node] = world.nodes as [TestMachine]
      const before = made[0]!.mtu
      await node.run('ip', 'link', 'set', 'eth0', 'mtu', '1400')
      const mtuOf = async () =>
        (JSON.parse((await run('ip', ['-json', '-netns', made[0]!.name, 'link', 'show', 'eth0'])).stdout) as { mtu: number }[])[0]!.mtu
      await until('the smaller one', async () => (await mtuOf()) === before - 100 && node.cniConfig()!.includes(`"mtu": ${before - 100}`))
      await reaches(made[0]!.inside, made[1]!.addresses[0]!, before - 100, 'full packets of the smaller size')
      await node.run('ip', 'link', 'set', 'eth0', 'mtu', '1500')
      await until('the old one', async () => (await mtuOf()) === before)
    })

    await t.test('a node that is gone leaves nothing', async () => {
      const [node] = world.nodes as [TestMachine]
      const gone = world.nodes[2]!.network
      networks.set(world.nodes.slice(0, 2).map(({ network }) => network))
      await until('removed', async () => !(await everything(node)).includes(gone.podCIDRs[0]!))
      assert.ok(!(await everything(node)).includes(gone.addresses[0]!), 'nor its address')
      networks.set(world.nodes.map(({ network }) => network))
      await until('back', () => pings(made[0]!.inside, made[2]!.addresses[0]!, 100))
    })

    await t.test('a stopped agent leaves the ways, and the next one changes nothing', async () => {
      const [node] = world.nodes as [TestMachine]
      await parts[0]!.stop()
      assert.ok(await pings(made[0]!.inside, made[1]!.addresses[0]!, 100))
      await until('quiet: what is as it has to be is touched on no node', async () => {
        const seen = changes
        await delay(300)
        return changes === seen
      })
      const before = await everything(node)
      const changesBefore = changes
      parts[0] = start(node)
      await delay(500)
      assert.equal(await everything(node), before)
      assert.equal(changes, changesBefore)
    })

    await t.test('a reset takes all of it away', async () => {
      const [node] = world.nodes as [TestMachine]
      await parts[0]!.stop()
      await removeWays({ vxlan: 'wherry-vxlan', bridge: 'wherry0' }, createRouteHost(node.inside))
      assert.doesNotMatch(await everything(node), /8700|wherry-vxlan|proto 87|0e:57/)
    })
  })
}

const everything = async (machine: TestMachine): Promise<string> =>
  (
    await Promise.all([
      machine.run('ip', '-4', 'route', 'show', 'table', 'all', 'proto', '87'),
      machine.run('ip', '-6', 'route', 'show', 'table', 'all', 'proto', '87'),
      machine.run('ip', 'rule', 'show'),
      machine.run('ip', '-6', 'rule', 'show'),
      machine.run('ip', 'neighbour', 'show', 'nud', 'permanent'),
      machine.run('sh', '-c', 'bridge fdb show dev wherry-vxlan 2>/dev/null || true'),
    ])
  ).join('\n')

/** One packet of the whole MTU that must not be cut into pieces. */
async function reaches(inside: readonly string[], address: string, mtu: number, what: string): Promise<void> {
  await until(what, () => pings(inside, address, mtu))
}

async function pings(inside: readonly string[], address: string, mtu: number): Promise<boolean> {
  const headers = address.includes(':') ? 48 : 28
  const [command, ...args] = [...inside, 'ping', '-n', '-c', '1', '-W', '1', '-M', 'do', '-s', String(mtu - headers), address]
  return (await run(command!, args, { accept: [1, 2] })).code === 0
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  for (let round = 0; round < 100; round += 1) {
    if (await condition()) return
    await delay(50)
  }
  assert.fail(`it did not come true: ${what}`)
}

function fakeNetworks(first: readonly NodeNetwork[]): NodeNetworks & { set(all: readonly NodeNetwork[]): void } {
  let all = first
  const listeners = new Set<() => void>()
  return {
    list: () => all,
    addresses: () => all.flatMap(({ addresses }) => addresses),
    isSynced: () => true,
    synced: async () => {},
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    stop() {},
    set(next) {
      all = next
      for (const listener of listeners) listener()
    },
  }
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import type { ServiceDevice } from './host.ts'
import { startPodNetwork } from './pod-network.ts'
import type { PodNetworkMode } from './routes/desired-network.ts'
import type { Device, PresentNetwork, Route } from './routes/network-state.ts'
import type { NodeNetwork, NodeNetworks } from './routes/node-networks.ts'
import type { ServiceRanges } from './routes/service-ranges.ts'
import { carryOut } from './routes/testing/carry-out.ts'
import { fakeServiceRanges } from './routes/testing/fake-service-ranges.ts'

const own = node('a', 1)

test('reads once, and from then on remembers; a heartbeat is no change', async () => {
  const world = start({ nodes: [own] })
  await world.settle()
  assert.deepEqual([world.reads, world.applied.length], [1, 0])
  world.set([own, node('b', 2)])
  await world.settle()
  world.set([own, node('b', 2), node('c', 3)])
  await world.settle()
  assert.deepEqual([world.reads, world.applied.length], [1, 2])
  assert.deepEqual(
    world.present.routes.map(({ destination }) => destination),
    ['10.1.2.0/24', '192.0.2.2/32', '10.1.3.0/24', '192.0.2.3/32'],
  )
  await world.stop()
})

test('does nothing before all nodes are known: what a former agent made would go', async () => {
  const world = start({ nodes: [own], isSynced: false })
  world.set([own])
  await world.settle()
  assert.deepEqual([world.reads, world.applied.length], [0, 0])
  await world.stop()
})

test('what somebody else takes away comes back, after the swarm of changes has passed', async () => {
  const world = start({ nodes: [own, node('b', 2)] })
  await world.settle()
  world.present = {
    ...world.present,
    devices: world.present.devices.filter(({ name }) => name !== 'vx'),
    routes: [],
    neighbours: [],
    forwarding: [],
  }
  world.say('[LINK]Deleted 7: vx: <BROADCAST> mtu 1450')
  world.say('[ROUTE]Deleted 10.1.2.0/24 via 10.1.2.0 dev vx proto 87 onlink')
  await world.settle()
  assert.equal(world.reads, 1, 'not at once')
  await world.clock.advance(200)
  await world.settle()
  assert.equal(world.reads, 2)
  assert.ok(world.present.devices.some(({ name }) => name === 'vx'))
  await world.stop()
})

test('the interface of Services comes back, with its address and its routes', async () => {
  const serviceDevice = {
    device: 'svc',
    addresses: ['10.96.0.10', 'fd00::a'],
    ranges: ['10.96.0.0/12', 'fd00::/112'],
    sources: own.addresses,
  }
  const world = start({ nodes: [own], serviceDevice })
  const isWhole = () => {
    const device = world.present.devices.find(({ name }) => name === 'svc')
    const routes = world.present.routes.filter((route) => route.device === 'svc').map(({ destination }) => destination)
    return `${device?.isUp} ${device?.addresses} ${routes}`
  }
  const whole = 'true 10.96.0.10/32,fd00::a/128 10.96.0.0/12'
  await world.settle()
  assert.equal(isWhole(), whole, 'a range without an address of its family gets no route')
  const { present } = world
  for (const [line, left] of [
    [
      '[LINK]Deleted 9: svc: <BROADCAST,UP> mtu 1500',
      { ...present, devices: present.devices.filter(({ name }) => name !== 'svc'), routes: [] },
    ],
    ['[ADDR]Deleted 9: svc    inet 10.96.0.10/32 scope global svc', { ...present, devices: without(present, '10.96.0.10/32') }],
    ['[ROUTE]Deleted 10.96.0.0/12 dev svc scope link src 192.0.2.1', { ...present, routes: [] }],
  ] as const) {
    world.present = left
    world.say(line)
    await world.clock.advance(200)
    await world.settle()
    assert.deepEqual(isWhole().split(/[ ,]/).sort(), whole.split(/[ ,]/).sort(), line)
  }
  const { length } = world.applied
  for (const line of ['[ROUTE]local 10.96.0.10 dev svc table local proto kernel', '[LINK]9: svc: <BROADCAST,UP> mtu 1500']) world.say(line)
  await world.clock.advance(200)
  await world.settle()
  assert.equal(world.applied.length, length, 'what is whole is left alone')
  await world.stop()
})

test('a route of Services waits for the address that it bears', async () => {
  const world = start({
    nodes: [own],
    serviceDevice: { device: 'svc', addresses: ['10.96.0.10'], ranges: ['10.96.0.0/12'], sources: own.addresses },
  })
  const [uplink] = world.present.devices as [Device]
  world.present = { ...world.present, devices: [{ ...uplink, addresses: [] }] }
  await world.settle()
  assert.deepEqual(world.present.routes, [])
  world.present = { ...world.present, devices: [uplink, ...world.present.devices.slice(1)] }
  world.say('[ADDR]2: eth0    inet 192.0.2.1/24 scope global eth0')
  await world.clock.advance(200)
  await world.settle()
  assert.deepEqual(
    world.present.routes.map(({ destination }) => destination),
    ['10.96.0.0/12'],
  )
  await world.stop()
})

test('ranges of Services that come later get routes, and those that go lose them', async () => {
  const ranges = fakeServiceRanges(['10.96.0.0/12', '10.112.0.0/16'])
  const route = { isOnLink: false, table: 254, metric: 0 }
  const world = start({
    nodes: [own],
    serviceDevice: { device: 'svc', addresses: ['10.96.0.10'], ranges: ['10.96.0.0/12'], sources: own.addresses },
    serviceRanges: ranges,
    foreign: [{ ...route, destination: '192.0.2.0/24', device: 'eth0', protocol: 'kernel' }],
  })
  const routed = () =>
    world.present.routes
      .filter(({ device }) => device === 'svc')
      .map(({ destination }) => destination)
      .sort()
  const left = { ...route, device: 'svc' }
  world.present = {
    ...world.present,
    routes: [
      ...world.present.routes,
      { ...left, destination: '10.120.0.0/16', protocol: 'boot' },
      { ...left, destination: 'fe80::/64', protocol: 'kernel' },
    ],
  }
  await world.settle()
  const kernels = 'fe80::/64'
  assert.deepEqual(routed(), ['10.112.0.0/16', '10.120.0.0/16', '10.96.0.0/12', kernels], 'it may be that of a range not known yet')
  ranges.set(['10.96.0.0/12', '10.112.0.0/16'])
  await world.settle()
  assert.deepEqual(routed(), ['10.112.0.0/16', '10.96.0.0/12', kernels], 'left by a former agent')
  ranges.set(['10.96.0.0/12', '10.128.0.0/16', '192.0.2.0/24', '0.0.0.0/0'])
  await world.settle()
  assert.deepEqual(routed(), ['10.128.0.0/16', '10.96.0.0/12', kernels], 'the machine’s own network stays where it is')
  assert.ok(world.present.routes.some(({ destination, device }) => destination === '192.0.2.0/24' && device === 'eth0'))
  await world.stop()
})

test('loopback addresses pass the bridge once there are rules that guard them, and again when it is made anew', async () => {
  const guarded = Promise.withResolvers<void>()
  const world = start({ nodes: [own], loopbackGuarded: guarded.promise })
  const bridge: Device = { name: 'br', isUp: true, mtu: 1450, mac: '02:00:00:00:00:02', addresses: ['10.1.1.1/24'] }
  const { present } = world
  world.present = { ...present, devices: [...present.devices, bridge] }
  await world.settle()
  assert.deepEqual(world.loopback, [])
  guarded.resolve()
  await world.settle()
  assert.deepEqual(world.loopback, ['br'])
  world.present = present
  world.say('[LINK]Deleted 8: br: <BROADCAST,UP> mtu 1450')
  await world.clock.advance(200)
  await world.settle()
  world.present = { ...present, devices: [...present.devices, bridge] }
  world.say('[LINK]9: br: <BROADCAST,UP> mtu 1450')
  await world.clock.advance(200)
  await world.settle()
  assert.deepEqual(world.loopback, ['br', 'br'])
  await world.stop()
})

test('pods that come and go are no reason to look', async () => {
  const world = start({ nodes: [own, node('b', 2)] })
  await world.settle()
  for (const line of [
    '[LINK]12: veth5c1@if2: <BROADCAST,UP> mtu 1450 master br state UP',
    '[ADDR]12: veth5c1    inet6 fe80::1/64 scope link',
    '[ROUTE]fe80::/64 dev veth5c1 proto kernel metric 256',
    '[ROUTE]198.51.100.0/24 dev docker0 proto kernel',
    'local garbage',
  ])
    world.say(line)
  await world.clock.advance(10_000)
  await world.settle()
  assert.equal(world.reads, 1)
  await world.stop()
})

test('what fails is tried again, later each time, from what is there then', async () => {
  const world = start({ nodes: [own, node('b', 2)], failures: 3 })
  await world.settle()
  assert.deepEqual([world.reads, world.applied.length], [1, 1])
  world.set([own, node('b', 2), node('c', 3)])
  await world.settle()
  assert.equal(world.applied.length, 1, 'a change does not cut the wait short')
  await world.clock.advance(1_200)
  await world.settle()
  assert.equal(world.applied.length, 2)
  await world.clock.advance(1_200)
  await world.settle()
  assert.equal(world.applied.length, 2, 'twice as long')
  await world.clock.advance(10_000)
  await world.settle()
  assert.deepEqual([world.reads, world.applied.length], [4, 4])
  assert.equal(world.present.routes.length, 4)
  await world.stop()
})

test('a problem is told when it begins, not at each look', async () => {
  const world = start({
    nodes: [own, node('b', 2)],
    foreign: [{ destination: '10.1.2.0/25', device: 'tun0', isOnLink: false, table: 254, protocol: 'static', metric: 0 }],
  })
  await world.settle()
  world.set([own, node('b', 2), node('c', 3)])
  await world.settle()
  assert.deepEqual(
    world.problems.map((one) => one.split(' ')[0]),
    ['RouteConflict'],
  )
  world.present = { ...world.present, routes: world.present.routes.filter(({ device }) => device !== 'tun0') }
  world.say('[ROUTE]Deleted 10.1.2.0/25 dev tun0 proto static')
  await world.clock.advance(200)
  await world.settle()
  world.present = {
    ...world.present,
    routes: [
      ...world.present.routes,
      { destination: '10.1.2.0/25', device: 'tun0', isOnLink: false, table: 254, protocol: 'static', metric: 0 },
    ],
  }
  world.say('[ROUTE]10.1.2.0/25 dev tun0 proto static')
  await world.clock.advance(200)
  await world.settle()
  assert.equal(world.problems.length, 2)
  await world.stop()
})

test('the configuration of the plug-ins is written when the node has its range, and again only when it changes', async () => {
  const world = start({ nodes: [{ ...own, podCIDRs: [] }] })
  await world.settle()
  assert.deepEqual(world.written, [])
  world.set([own])
  await world.settle()
  world.set([own, node('b', 2)])
  await world.settle()
  assert.equal(world.written.length, 1)
  assert.match(world.written[0]!, /"mtu": 1450[\s\S]*"subnet": "10\.1\.1\.0\/24"/)
  await world.stop()
})

test('none: what we had goes, and the user’s configuration is the first', async () => {
  const world = start({ nodes: [own, node('b', 2)], mode: 'none' })
  await world.settle()
  assert.deepEqual([world.written, world.removed, world.applied.length], [[], ['/cni/10.conflist'], 0])
  await world.stop()
})

test('an end of the kernel’s telling is a reason to look, and to listen anew', async () => {
  const world = start({ nodes: [own, node('b', 2)] })
  await world.settle()
  world.endWatch()
  await world.clock.advance(5_000)
  await world.settle()
  assert.deepEqual([world.reads, world.watches], [2, 2])
  await world.stop()
  world.say('[LINK]Deleted 7: vx: <BROADCAST> mtu 1450')
  await world.clock.advance(100_000)
  await world.settle()
  assert.deepEqual([world.reads, world.watches], [2, 2], 'a stopped one does nothing')
})

function node(name: string, last: number): NodeNetwork {
  return { name, uid: name, addresses: [`192.0.2.${last}`], podCIDRs: [`10.1.${last}.0/24`] }
}

interface Start {
  readonly nodes: readonly NodeNetwork[]
  readonly isSynced?: boolean
  readonly mode?: PodNetworkMode
  /** How many times nothing can be changed. */
  readonly failures?: number
  readonly foreign?: readonly Route[]
  readonly serviceDevice?: ServiceDevice
  readonly serviceRanges?: ServiceRanges
  readonly loopbackGuarded?: Promise<void>
}

const without = ({ devices }: PresentNetwork, address: string): Device[] =>
  devices.map((one) => ({ ...one, addresses: one.addresses.filter((text) => text !== address) }))

function start({
  nodes,
  isSynced = true,
  mode = 'vxlan',
  failures = 0,
  foreign = [],
  serviceDevice,
  serviceRanges,
  loopbackGuarded,
}: Start) {
  const clock = createVirtualClock(0)
  let all = nodes
  let failing = failures
  const listeners = new Set<() => void>()
  const networks: NodeNetworks = {
    list: () => all,
    addresses: () => [],
    isSynced: () => isSynced,
    synced: () => (isSynced ? Promise.resolve() : new Promise(() => {})),
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    stop() {},
  }
  let onLine = (_line: string): void => {}
  let onEnd = (_error: unknown): void => {}
  const world = {
    clock,
    present: {
      devices: [{ name: 'eth0', isUp: true, mtu: 1500, mac: '02:00:00:00:00:01', addresses: ['192.0.2.1/24'] }],
      routes: foreign,
      rules: [],
      neighbours: [],
      forwarding: [],
    } as PresentNetwork,
    reads: 0,
    watches: 0,
    applied: [] as string[],
    written: [] as string[],
    removed: [] as string[],
    problems: [] as string[],
    loopback: [] as string[],
    set(next: readonly NodeNetwork[]) {
      all = next
      for (const listener of listeners) listener()
    },
    say: (line: string) => onLine(line),
    endWatch: () => onEnd(new Error('over')),
    async settle() {
      for (let turn = 0; turn < 30; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    },
    stop: () => part.stop(),
  }
  const part = startPodNetwork({
    host: {
      async read() {
        world.reads += 1
        return world.present
      },
      async apply(commands) {
        if (commands.length === 0) return
        world.applied.push(JSON.stringify(commands))
        if (failing > 0) {
          failing -= 1
          throw new Error('refused')
        }
        world.present = carryOut(commands, world.present)
      },
      async setPortMtu() {},
      async routeLoopback(device) {
        world.loopback.push(device)
      },
      watch(line, end) {
        world.watches += 1
        onLine = line
        onEnd = end
        return () => {
          onLine = () => {}
        }
      },
      async writeFile(_path, text) {
        world.written.push(text)
      },
      async removeFile(path) {
        world.removed.push(path)
      },
    },
    clock,
    random: seededRandom(1),
    log: silentLog,
    mode,
    nodeName: 'a',
    nodeAddresses: own.addresses,
    nodeNetworks: networks,
    names: { vxlan: 'vx', bridge: 'br' },
    ...(serviceDevice && { serviceDevice }),
    ...(serviceRanges && { serviceRanges }),
    ...(loopbackGuarded && { loopbackGuarded }),
    cniConfigFile: '/cni/10.conflist',
    cniStateDirectory: '/cni/state',
    onProblem: ({ reason, message }) => world.problems.push(`${reason} ${message}`),
  })
  return world
}

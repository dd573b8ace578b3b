import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { desiredNetwork, type NetworkView } from './desired-network.ts'
import { networkCommands } from './network-commands.ts'
import { type PresentNetwork, type Route, routeProtocol } from './network-state.ts'
import type { NodeNetwork } from './node-networks.ts'
import { remembered } from './remembered.ts'
import { carryOut } from './testing/carry-out.ts'

const names = { vxlan: 'vx', bridge: 'br' }
const own = node('a', ['192.0.2.1'], ['10.1.0.0/24'])
const peer = node('b', ['192.0.2.2'], ['10.1.1.0/24'])
const empty: PresentNetwork = {
  devices: [{ name: 'eth0', isUp: true, mtu: 1500, mac: '02:00:00:00:00:01', addresses: ['192.0.2.1/24'] }],
  routes: [],
  rules: [],
  neighbours: [],
  forwarding: [],
}
const vxlan: NetworkView = { mode: 'vxlan', own, peers: [peer], present: empty, names }

check('a first peer', vxlan, [
  'ip link add name vx address 0e:57:c0:00:02:01 mtu 1450 type vxlan id 4096 local 192.0.2.1 dstport 8472 nolearning',
  'ip link set dev vx addrgenmode none',
  'ip address add 192.0.2.1/32 dev vx',
  'ip link set dev vx up',
  'ip neighbour replace 10.1.1.0 lladdr 0e:57:c0:00:02:02 dev vx nud permanent',
  'bridge fdb replace 0e:57:c0:00:02:02 dev vx dst 192.0.2.2 self permanent',
  'ip route replace 10.1.1.0/24 via 10.1.1.0 dev vx onlink proto 87',
  'ip route replace 192.0.2.2/32 table 8700 via 10.1.1.0 dev vx onlink proto 87',
  'ip -4 rule add from 10.1.0.0/24 table 8700 pref 8700',
])
check('nobody else: nothing', { ...vxlan, peers: [] }, [])
check('a peer without pods yet', { ...vxlan, peers: [node('b', ['192.0.2.2'], [])] }, [])
check('the peer went', { ...vxlan, peers: [], present: after(vxlan) }, [
  'ip link delete dev vx',
  'ip -4 rule delete from 10.1.0.0/24 table 8700 pref 8700',
])
check('the peer has another address', { ...vxlan, peers: [node('b', ['192.0.2.9'], ['10.1.1.0/24'])], present: after(vxlan) }, [
  'ip route delete 192.0.2.2/32 table 8700 dev vx',
  'ip neighbour replace 10.1.1.0 lladdr 0e:57:c0:00:02:09 dev vx nud permanent',
  'bridge fdb replace 0e:57:c0:00:02:09 dev vx dst 192.0.2.9 self permanent',
  'bridge fdb delete 0e:57:c0:00:02:02 dev vx dst 192.0.2.2 self',
  'ip route replace 192.0.2.9/32 table 8700 via 10.1.1.0 dev vx onlink proto 87',
])
check('the peer has another range', { ...vxlan, peers: [node('b', ['192.0.2.2'], ['10.1.7.0/24'])], present: after(vxlan) }, [
  'ip route delete 10.1.1.0/24 dev vx',
  'ip neighbour replace 10.1.7.0 lladdr 0e:57:c0:00:02:02 dev vx nud permanent',
  'ip route replace 10.1.7.0/24 via 10.1.7.0 dev vx onlink proto 87',
  'ip route replace 192.0.2.2/32 table 8700 via 10.1.7.0 dev vx onlink proto 87',
  'ip neighbour delete 10.1.1.0 dev vx',
])
check('our interface carries smaller packets now', { ...vxlan, present: withDevice(after(vxlan), { ...empty.devices[0]!, mtu: 1400 }) }, [
  'ip link set dev vx mtu 1350',
])
check('a peer on the link', { ...vxlan, mode: 'host-gateway' }, ['ip route replace 10.1.1.0/24 via 192.0.2.2 dev eth0 proto 87'])
check('another mode', { ...vxlan, mode: 'host-gateway', present: after(vxlan) }, [
  'ip link delete dev vx',
  'ip route replace 10.1.1.0/24 via 192.0.2.2 dev eth0 proto 87',
  'ip -4 rule delete from 10.1.0.0/24 table 8700 pref 8700',
])
check(
  'a route of a former agent',
  { ...vxlan, mode: 'host-gateway', peers: [], present: withRoute({ destination: '10.1.5.0/24', device: 'eth0', via: '192.0.2.5' }) },
  ['ip route delete 10.1.5.0/24 dev eth0'],
)
check('no pod network of ours any more', { ...vxlan, mode: 'none', present: after({ ...vxlan, mode: 'host-gateway' }) }, [
  'ip route delete 10.1.1.0/24 dev eth0',
])
check(
  'both families, over IPv6 since pods’ first range is of it',
  {
    ...vxlan,
    own: node('a', ['2001:db8::1', '192.0.2.1'], ['fd00::/64', '10.1.0.0/24']),
    peers: [node('b', ['2001:db8::2', '192.0.2.2'], ['fd00:0:0:1::/64', '10.1.1.0/24'])],
    present: withDevice(empty, { ...empty.devices[0]!, addresses: ['192.0.2.1/24', '2001:db8::1/64'] }),
  },
  [
    'ip link add name vx address 0e:57:6e:5b:04:f4 mtu 1430 type vxlan id 4096 local 2001:db8::1 dstport 8472 nolearning',
    'ip link set dev vx addrgenmode none',
    'ip address add 2001:db8::1/128 dev vx nodad',
    'ip address add 192.0.2.1/32 dev vx',
    'ip link set dev vx up',
    'ip neighbour replace fd00:0:0:1:: lladdr 0e:57:71:5b:09:ad dev vx nud permanent',
    'ip neighbour replace 10.1.1.0 lladdr 0e:57:71:5b:09:ad dev vx nud permanent',
    'bridge fdb replace 0e:57:71:5b:09:ad dev vx dst 2001:db8::2 self permanent',
    'ip route replace fd00:0:0:1::/64 via fd00:0:0:1:: dev vx onlink metric 1024 proto 87',
    'ip route replace 2001:db8::2/128 table 8700 via fd00:0:0:1:: dev vx onlink metric 1024 proto 87',
    'ip route replace 10.1.1.0/24 via 10.1.1.0 dev vx onlink proto 87',
    'ip route replace 192.0.2.2/32 table 8700 via 10.1.1.0 dev vx onlink proto 87',
    'ip -4 rule add from 10.1.0.0/24 table 8700 pref 8700',
    'ip -6 rule add from fd00::/64 table 8700 pref 8700',
  ],
)
check(
  'the bridge gives up a range that the node has no more, and takes the pods’ MTU',
  {
    ...vxlan,
    peers: [],
    present: withDevice(empty, { name: 'br', isUp: true, mtu: 1500, mac: '02:00:00:00:00:02', addresses: ['10.1.0.1/24', '10.1.9.1/24'] }),
  },
  ['ip address delete 10.1.9.1/24 dev br', 'ip link set dev br mtu 1450'],
)

checkProblem(
  'a foreign route to the peer’s pods',
  { ...vxlan, present: withRoute({ destination: '10.1.1.0/24', device: 'docker0', protocol: 'kernel' }) },
  /^RouteConflict the route 10\.1\.1\.0\/24 dev docker0 is in the way of pods of 10\.1\.1\.0\/24/,
)
checkProblem(
  'a foreign route to some of them',
  { ...vxlan, present: withRoute({ destination: '10.1.1.128/25', device: 'tun0', protocol: 'static' }) },
  /^RouteConflict .*10\.1\.1\.128\/25 dev tun0/,
)
checkProblem(
  'a foreign route to all pods, which ours go before',
  { ...vxlan, present: withRoute({ destination: '10.1.0.0/16', device: 'tun0', protocol: 'static' }) },
  undefined,
)
checkProblem(
  'one range, two nodes',
  { ...vxlan, peers: [peer, node('c', ['192.0.2.3'], ['10.1.1.0/24'])] },
  /^PodRangeConflict nodes b and c/,
)
checkProblem('one address, two nodes', { ...vxlan, peers: [node('c', ['192.0.2.1'], ['10.1.3.0/24'])] }, /^PodRangeConflict nodes a and c/)
checkProblem(
  'an address that no interface has',
  { ...vxlan, own: node('a', ['192.0.2.8'], ['10.1.0.0/24']) },
  /^AddressMissing no interface .* 192\.0\.2\.8/,
)
checkProblem(
  'a peer without an address of the family',
  { ...vxlan, peers: [node('b', ['2001:db8::2'], ['10.1.1.0/24'])] },
  /^NodeUnreachable node b has no IPv4 address/,
)

test('whatever is there: after the commands it is as it has to be, foreign routes stay, and there is nothing more to do', () => {
  fc.assert(
    fc.property(worlds(), worlds(), strays(), (before, now, stray) => {
      // The state that some former agent left, with something else beside it.
      const start = settle({ ...before, present: { ...before.present, routes: stray } })
      const view = {
        ...now,
        present: { ...start, devices: [...now.present.devices, ...start.devices.filter(({ name }) => name === names.vxlan)] },
      }
      const desired = desiredNetwork(view)
      const plan = networkCommands(desired, view.present, names)
      const end = carryOut(plan.commands, view.present)
      assert.deepEqual(sorted(end), sorted(remembered({ ...desired, routes: plan.routes }, view.present, names)))
      assert.deepEqual(
        end.routes.filter(({ protocol }) => protocol !== routeProtocol),
        stray.filter(({ protocol, device }) => protocol !== routeProtocol && device !== names.vxlan),
      )
      assert.deepEqual(networkCommands(desiredNetwork({ ...view, present: end }), end, names).commands, [])
    }),
    { numRuns: 500 },
  )
})

function settle(view: NetworkView): PresentNetwork {
  return carryOut(networkCommands(desiredNetwork(view), view.present, names).commands, view.present)
}

/** Clusters of few addresses and few ranges, so that they often meet. */
function worlds(): fc.Arbitrary<NetworkView> {
  const some = fc.record({ at: fc.integer({ min: 1, max: 6 }), range: fc.integer({ min: 0, max: 6 }), has6: fc.boolean() })
  const one = (name: string, { at, range, has6 }: { at: number; range: number; has6: boolean }) =>
    node(
      name,
      [`192.0.2.${at}`, ...(has6 ? [`2001:db8::${at}`] : [])],
      range === 0 ? [] : [`10.1.${range}.0/24`, ...(has6 ? [`fd00:0:0:${range}::/64`] : [])],
    )
  return fc
    .record({
      mode: fc.constantFrom('vxlan', 'host-gateway', 'none'),
      mtu: fc.constantFrom(1400, 1500, 9000),
      nodes: fc.array(some, { minLength: 1, maxLength: 5 }),
    })
    .map(({ mode, mtu, nodes }) => {
      const [first, ...peers] = nodes.map((each, index) => one(`n${index}`, each)) as [NodeNetwork, ...NodeNetwork[]]
      const eth0 = {
        ...empty.devices[0]!,
        mtu,
        addresses: first.addresses.map((address) => `${address}/${address.includes(':') ? 64 : 29}`),
      }
      return { mode: mode as NetworkView['mode'], own: first, peers, present: { ...empty, devices: [eth0] }, names }
    })
}

function strays(): fc.Arbitrary<Route[]> {
  return fc
    .uniqueArray(
      fc.record({ range: fc.integer({ min: 1, max: 6 }), protocol: fc.constantFrom('static', routeProtocol), half: fc.boolean() }),
      {
        maxLength: 3,
        selector: ({ range, half }) => `${range}${half}`,
      },
    )
    .map((all) =>
      all.map(({ range, protocol, half }) => ({
        destination: half ? `10.1.${range}.128/25` : `10.1.${range}.0/24`,
        device: 'eth1',
        isOnLink: false,
        table: 254,
        protocol,
        metric: 0,
      })),
    )
}

const text = (one: object): string => JSON.stringify(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
const sorted = (state: PresentNetwork) =>
  Object.fromEntries(Object.entries(state).map(([key, list]) => [key, (list as object[]).map(text).sort()]))

function node(name: string, addresses: readonly string[], podCIDRs: readonly string[]): NodeNetwork {
  return { name, uid: name, addresses, podCIDRs }
}

function after(view: NetworkView): PresentNetwork {
  const desired = desiredNetwork(view)
  return remembered({ ...desired, routes: networkCommands(desired, view.present, names).routes }, view.present, names)
}

function withRoute(route: Pick<Route, 'destination' | 'device'> & Partial<Route>): PresentNetwork {
  return { ...empty, routes: [{ isOnLink: false, table: 254, protocol: routeProtocol, metric: 0, ...route }] }
}

function withDevice(present: PresentNetwork, device: PresentNetwork['devices'][number]): PresentNetwork {
  return { ...present, devices: [...present.devices.filter(({ name }) => name !== device.name), device] }
}

function check(name: string, view: NetworkView, expected: readonly string[]): void {
  test(name, () => {
    const { commands, problems } = networkCommands(desiredNetwork(view), view.present, names)
    assert.deepEqual(
      commands.flatMap(({ program, lines }) => lines.map((line) => `${program} ${line}`)),
      expected,
    )
    assert.deepEqual(problems, [])
  })
}

function checkProblem(name: string, view: NetworkView, expected: RegExp | undefined): void {
  test(name, () => {
    const problems = networkCommands(desiredNetwork(view), view.present, names).problems.map(
      ({ reason, message }) => `${reason} ${message}`,
    )
    assert.equal(problems.length, expected ? 1 : 0, problems.join('\n'))
    if (expected) assert.match(problems[0]!, expected)
  })
}

/** Policies against real packets: pods on a bridge, a node and a machine outside, over TCP and UDP, IPv4 and IPv6. Needs root and nft. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { explainConnection } from '#api/networking/v1/explain-connection.ts'
import type { NetworkPolicy } from '#api/networking/v1/network-policy.ts'
import { compilePolicy } from './compiled-policy.ts'
import { createPolicyModel, noTable, type PolicyModel } from './policy-model.ts'
import { policyPod } from './policy-pod.ts'
import { openPodLab, type PodLab, type Probe } from './testing/pod-lab.ts'

let lab: PodLab
before(async () => {
  lab = await openPodLab(`netpol${process.pid}`)
})
after(() => lab.close())

const all = { matchLabels: {} }
const app = (name: string) => ({ matchLabels: { app: name } })
const namespaceNamed = (name: string) => ({ matchLabels: { 'kubernetes.io/metadata.name': name } })

check('without a policy everybody reaches everybody', [], { blocked: 0 })
check('default deny of what comes in', [policy('x', { podSelector: {}, policyTypes: ['Ingress'] })], {
  open: ['a → c', 'a → outside', 'a → node', 'node → a', 'c → outside'],
  shut: ['a → b', 'c → a', 'outside → a'],
})
check('default deny of what goes out', [policy('x', { podSelector: {}, policyTypes: ['Egress'] })], {
  open: ['c → a', 'outside → a', 'node → a'],
  shut: ['a → b', 'a → c', 'a → outside', 'a → node'],
})
check('default deny of both, for one pod', [policy('x', { podSelector: app('a'), policyTypes: ['Ingress', 'Egress'] })], {
  open: ['b → c', 'c → b', 'node → a', 'a → a'],
  shut: ['a → b', 'b → a', 'a → node'],
})
check(
  'rules that are empty let everything through',
  [policy('x', { podSelector: {}, policyTypes: ['Ingress', 'Egress'], ingress: [{}], egress: [{}] })],
  {
    blocked: 0,
  },
)
check('pods of the own namespace', [policy('x', { podSelector: {}, ingress: [{ from: [{ podSelector: all }] }] })], {
  open: ['a → b', 'node → a'],
  shut: ['c → a', 'outside → a'],
})
check(
  'a namespace, and pods in it',
  [policy('x', { podSelector: {}, ingress: [{ from: [{ namespaceSelector: namespaceNamed('y'), podSelector: app('c') }] }] })],
  {
    open: ['c → a', 'c → b'],
    shut: ['a → b', 'outside → a'],
  },
)
check(
  'ports: a number, a name, a range and a whole protocol',
  [
    policy('x', {
      podSelector: {},
      ingress: [
        {
          from: [{ podSelector: app('b') }],
          ports: [
            { protocol: 'TCP', port: 'web' },
            { protocol: 'UDP', port: 'query' },
          ],
        },
        { from: [{ namespaceSelector: namespaceNamed('y') }], ports: [{ protocol: 'TCP', port: 81, endPort: 90 }, { protocol: 'UDP' }] },
      ],
    }),
  ],
  { open: ['b → a TCP 80', 'b → a UDP 81', 'c → a TCP 81', 'c → a UDP 80'], shut: ['b → a TCP 81', 'b → a UDP 80', 'c → a TCP 80'] },
)
check(
  'what goes out to a port by its name',
  [policy('x', { podSelector: {}, policyTypes: ['Egress'], egress: [{ ports: [{ protocol: 'TCP', port: 'web' }] }] })],
  {
    open: ['a → c TCP 80'],
    shut: ['a → c TCP 81', 'a → c UDP 81', 'a → outside TCP 80'],
  },
)
check(
  'addresses with exceptions',
  [
    policy('x', {
      podSelector: {},
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ from: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.9.0.4/32'] } }, { ipBlock: { cidr: 'fd77::/64' } }] }],
      egress: [
        {
          to: [
            { ipBlock: { cidr: '192.168.77.0/24', except: ['192.168.77.1/32'] } },
            { ipBlock: { cidr: '::/0', except: ['fd77::/125', 'fd09::/64'] } },
          ],
        },
      ],
    }),
  ],
  { open: ['outside → a', 'a → outside'], shut: ['c → a', 'a → node', 'a → c'] },
)
check(
  'policies add up',
  [
    policy('x', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }, 'deny'),
    policy('x', { podSelector: app('a'), ingress: [{ from: [{ podSelector: app('b') }] }] }, 'in'),
    policy(
      'x',
      {
        podSelector: app('b'),
        policyTypes: ['Egress'],
        egress: [{ to: [{ podSelector: app('a') }], ports: [{ protocol: 'TCP', port: 80 }] }],
      },
      'out',
    ),
    policy('y', { podSelector: {}, policyTypes: ['Egress'], egress: [{ to: [{ namespaceSelector: {} }] }] }, 'out'),
  ],
  { open: ['b → a TCP 80'], shut: ['a → b', 'b → a TCP 81', 'c → a', 'c → outside'] },
)
check('a port of SCTP is none of TCP', [policy('x', { podSelector: {}, ingress: [{ ports: [{ protocol: 'SCTP', port: 80 }] }] })], {
  shut: ['c → a'],
})

/** The rules against the other opinion, all pairs and ports; and what the case is about by name, as `from → to [protocol port]`. */
function check(
  name: string,
  policies: readonly NetworkPolicy[],
  expected: { readonly open?: readonly string[]; readonly shut?: readonly string[]; readonly blocked?: number },
): void {
  test(`netpol: ${name}`, async () => {
    const model = modelOf(policies)
    await lab.nft(model.takeWhole())
    // What an earlier case let through goes on, and a client may get the same port by chance.
    await lab.inside('node', 'conntrack', '-F')
    // Neighbours have to be found through the rules, too.
    for (const name of lab.names) await lab.inside(name, 'ip', 'neighbour', 'flush', 'all')
    const tries = everything()
    const answers = await lab.tryAll(tries.map(({ probe }) => probe))
    const got: Record<string, boolean> = {}
    const wrong: string[] = []
    for (const [i, { title, from, to, family, probe }] of tries.entries()) {
      assert.ok(answers[i] === '' || answers[i] === to, `${title}: ${answers[i]} answered`)
      const { protocol, port } = probe
      const ends = { from: lab.end(from, family), to: lab.end(to, family) }
      const verdict = explainConnection({ policies, namespaces: lab.namespaces }, { ...ends, protocol, port })
      got[title] = answers[i] === to
      // A node always reaches its own pods.
      if (got[title] !== (from === 'node' || verdict.isAllowed)) wrong.push(title)
    }
    assert.deepEqual(wrong, [])
    const fitting = (about: string) => Object.entries(got).filter(([title]) => `${title} `.startsWith(`${about} `))
    for (const about of expected.open ?? [])
      assert.ok(
        fitting(about).some(([, isOpen]) => isOpen),
        `${about} is open`,
      )
    for (const about of expected.shut ?? [])
      assert.ok(
        fitting(about).some(([, isOpen]) => !isOpen),
        `${about} is shut`,
      )
    if (expected.blocked !== undefined) assert.equal(Object.values(got).filter((isOpen) => !isOpen).length, expected.blocked)
  })
}

test('netpol: through a Service its pod’s own address and port count', async () => {
  await lab.nft(
    'table ip nat {\n chain pre { type nat hook prerouting priority dstnat; ip daddr 10.8.0.7 tcp dport 8000 dnat to 10.9.0.3:80; ip daddr 10.8.0.7 tcp dport 8001 dnat to 10.9.0.2:81; }\n chain post { type nat hook postrouting priority srcnat; ct status dnat ip saddr 10.9.0.2 ip daddr 10.9.0.2 masquerade; }\n}',
  )
  await lab.inside('node', 'ip', 'route', 'add', '10.8.0.0/24', 'dev', 'cbr0')
  const service = (from: string, port: number): Probe => ({ from, address: '10.8.0.7', protocol: 'TCP', port })
  const [toB, toItself] = [service('a', 8000), service('a', 8001)]
  const out = (port: number) =>
    policy('x', {
      podSelector: app('a'),
      policyTypes: ['Ingress', 'Egress'],
      egress: [{ to: [{ podSelector: app('b') }], ports: [{ protocol: 'TCP', port }] }],
    })
  await lab.nft(modelOf([out(80)]).takeWhole())
  assert.deepEqual(await lab.tryAll([toB, toItself]), ['b', 'a'], 'the target port is let out, and a pod reaches itself')
  await lab.nft(modelOf([out(8000)]).takeWhole())
  assert.deepEqual(await lab.tryAll([toB, toItself]), ['', 'a'], 'the Service’s port is none of the pod’s')
  await lab.nft('delete table ip nat')
})

test('netpol: what is under way goes on, through every rewrite, and nothing new begins meanwhile', async () => {
  await lab.nft(noTable('t'))
  // As the service proxy's rules do it on every node: the kernel follows connections before there is a policy.
  await lab.nft('table inet follow { chain f { type filter hook forward priority 10; ct state new counter; }; }')
  const to = lab.end('a', 4).address
  const say = await lab.open({ from: 'c', address: to, protocol: 'TCP', port: 80 })
  const model = modelOf([policy('x', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] })])
  for (let round = 0; round < 10; round += 1) {
    const [, ...answers] = await Promise.all([
      lab.nft(model.takeWhole()),
      // At the first round the rules may come a moment after the packets.
      ...(round === 0
        ? []
        : Array.from({ length: 20 }, async () => (await lab.tryAll([{ from: 'c', address: to, protocol: 'UDP', port: 81 }]))[0])),
    ])
    assert.ok(
      answers.every((answer) => answer === ''),
      'never open while it is written anew',
    )
    assert.ok(await say(), 'a connection from before goes on')
  }
  await lab.nft('delete table inet follow')
})

test('netpol: one that the policy opens is open, and one that it shuts is shut, by a difference', async () => {
  const model = modelOf([policy('x', { podSelector: app('a') })])
  await lab.nft(model.takeWhole())
  const probe: Probe = { from: 'b', address: lab.end('a', 6).address, protocol: 'TCP', port: 80 }
  assert.deepEqual(await lab.tryAll([probe]), [''])
  model.setPolicy('x/p', compilePolicy(policy('x', { podSelector: app('a'), ingress: [{ from: [{ podSelector: app('b') }] }] })))
  await lab.nft(model.takeChanges())
  assert.deepEqual(await lab.tryAll([probe]), ['a'])
  const b = lab.pods.find(({ metadata }) => metadata.name === 'b')!
  model.setPod('b', policyPod({ ...b, metadata: { ...b.metadata, labels: { app: 'other' } } }, 'here'))
  await lab.nft(model.takeChanges())
  assert.deepEqual(await lab.tryAll([probe]), [''])
  model.setPolicy('x/p', undefined)
  await lab.nft(model.takeChanges())
  assert.deepEqual(await lab.tryAll([probe]), ['a'])
})

test('netpol: no way around over the link: neither its own addresses nor a packet to everybody', async () => {
  const linkAddress = async (name: string): Promise<string> => {
    const found = /inet6 (fe80::[0-9a-f:]+)/.exec(
      await lab.inside(name, 'ip', '-6', 'address', 'show', 'dev', name === 'node' ? 'cbr0' : 'eth0', 'scope', 'link'),
    )
    return `${found![1]}%eth0`
  }
  const [a, node] = [await linkAddress('a'), await linkAddress('node')]
  const probes: readonly Probe[] = [
    { from: 'b', address: a, protocol: 'TCP', port: 80 },
    { from: 'b', address: a, protocol: 'UDP', port: 80 },
    { from: 'c', address: node, protocol: 'TCP', port: 80 },
    { from: 'b', address: '10.9.0.255', protocol: 'UDP', port: 81 },
  ]
  await lab.nft(modelOf([]).takeWhole())
  const open = await lab.tryAll(probes)
  assert.deepEqual([...open.slice(0, 3), open[3] !== ''], ['a', 'a', 'node', true], 'it is a way where nobody is isolated')
  await lab.nft(modelOf([policy('x', { podSelector: app('a') }), policy('y', { podSelector: {}, policyTypes: ['Egress'] })]).takeWhole())
  const shut = await lab.tryAll(probes)
  assert.deepEqual(shut.slice(0, 3), ['', '', ''])
  // Whoever sends to everybody hears itself first: that nobody else does, the counter tells, for each of three pods.
  assert.match(await lab.inside('node', 'nft', 'list', 'chain', 'inet', 't', 'one-link'), /broadcast, multicast \} counter packets 3 /)
})

test('netpol: no way around under an address that is no pod’s', async () => {
  const probes: readonly Probe[] = [
    { from: 'a', address: lab.end('outside', 4).address, protocol: 'TCP', port: 80 },
    { from: 'a', address: lab.end('outside', 6).address, protocol: 'UDP', port: 80 },
    { from: 'a', address: lab.end('node', 4).address, protocol: 'TCP', port: 80 },
  ]
  for (const [other, ...to] of [
    ['10.9.0.77/32', '192.168.77.0/24', '10.9.0.1'],
    ['fd09::77/128', 'fd77::/64', 'fd09::1'],
  ] as const) {
    await lab.inside('a', 'ip', 'address', 'add', other, 'dev', 'eth0', ...(other.includes(':') ? ['nodad'] : []))
    await lab.inside('a', 'ip', 'route', 'replace', to[0], 'via', to[1], 'src', other.split('/')[0]!)
  }
  await lab.nft(modelOf([]).takeWhole())
  assert.deepEqual(await lab.tryAll(probes), ['outside', 'outside', 'node'], 'its own matter where nobody is isolated')
  await lab.nft(modelOf([policy('x', { podSelector: app('a'), policyTypes: ['Egress'] })]).takeWhole())
  await lab.inside('node', 'conntrack', '-F')
  assert.deepEqual(await lab.tryAll(probes), ['', '', ''])
  for (const net of ['192.168.77.0/24', 'fd77::/64']) await lab.inside('a', 'ip', 'route', 'delete', net)
  for (const other of ['10.9.0.77/32', 'fd09::77/128']) await lab.inside('a', 'ip', 'address', 'delete', other, 'dev', 'eth0')
})

test('netpol: SCTP, by packets of which only the ports are true', async (t) => {
  // The common header (source port, destination port, tag, checksum) and an INIT chunk, by RFC 9260.
  const script = `import socket,sys
packet='9c40'+'%04x'%int(sys.argv[2])+'00000000abcdef01'+'010000141122334400010000000a000a00000001'
socket.socket(socket.AF_INET,socket.SOCK_RAW,132).sendto(bytes.fromhex(packet),(sys.argv[1],0))`
  const to = lab.end('a', 4).address
  const counted = async (): Promise<number[]> =>
    [...(await lab.inside('a', 'nft', 'list', 'table', 'ip', 'count')).matchAll(/packets (\d+)/g)].map(([, packets]) => Number(packets))
  await lab.inside(
    'a',
    'sh',
    '-c',
    `nft 'table ip count { chain in { type filter hook input priority 0; sctp dport 80 counter; sctp dport 81 counter; }; }'`,
  )
  await lab.nft(modelOf([policy('x', { podSelector: {}, ingress: [{ ports: [{ protocol: 'SCTP', port: 80 }] }] })]).takeWhole())
  try {
    for (const port of ['80', '81']) await lab.inside('b', 'python3', '-c', script, to, port)
  } catch (error) {
    t.skip(`no packets can be made: ${error instanceof Error ? error.message : error}`)
    return
  }
  assert.deepEqual(await counted(), [1, 0])
})

function policy(namespace: string, spec: object, name = 'p'): NetworkPolicy {
  return { metadata: { name, namespace }, spec } as unknown as NetworkPolicy
}

function modelOf(policies: readonly NetworkPolicy[]): PolicyModel {
  const model = createPolicyModel('t', 'cbr0')
  for (const { metadata } of lab.namespaces) model.setNamespace(metadata.name, metadata.labels)
  for (const one of policies) model.setPolicy(`${one.metadata.namespace}/${one.metadata.name}`, compilePolicy(one))
  for (const pod of lab.pods) model.setPod(pod.metadata.name, policyPod(pod, 'here'))
  return model
}

function everything() {
  return lab.names.flatMap((from) =>
    lab.names.flatMap((to) =>
      ([4, 6] as const).flatMap((family) =>
        (['TCP', 'UDP'] as const).flatMap((protocol) =>
          [80, 81].map((port) => ({
            from,
            to,
            family,
            title: `${from} → ${to} ${protocol} ${port} IPv${family}`,
            probe: { from, address: lab.end(to, family).address, protocol, port } satisfies Probe,
          })),
        ),
      ),
    ),
  )
}

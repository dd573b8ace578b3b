import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Namespace } from '#api/core/v1/namespace.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { ConnectionEnd } from '#api/networking/v1/explain-connection.ts'
import { run } from '#host/run.ts'

/** For tests: one connection to try. */
export interface Probe {
  readonly from: string
  readonly address: string
  readonly protocol: 'TCP' | 'UDP'
  readonly port: number
}

/** For tests: a node with pods on a bridge as ours is, and a machine outside, each a network namespace with servers at TCP and UDP 80 and 81, IPv4 and IPv6. */
export interface PodLab {
  readonly node: string
  readonly pods: readonly Pod[]
  readonly namespaces: readonly Namespace[]
  /** By name: pods, `outside` and `node`. */
  end(name: string, family: 4 | 6): ConnectionEnd
  readonly names: readonly string[]
  nft(text: string): Promise<void>
  inside(name: string, command: string, ...words: string[]): Promise<string>
  /** Who answered each, by its own name; '' for silence. All at once. */
  tryAll(probes: readonly Probe[]): Promise<string[]>
  /** Opens a connection; the function says a word through it and tells whether it came back. */
  open(probe: Probe): Promise<() => Promise<boolean>>
  close(): Promise<void>
}

const members = [
  { name: 'a', namespace: 'x', labels: { app: 'a' } },
  { name: 'b', namespace: 'x', labels: { app: 'b' } },
  { name: 'c', namespace: 'y', labels: { app: 'c' } },
] as const

export async function openPodLab(id: string): Promise<PodLab> {
  const space = (name: string): string => `${id}${name}`
  const node = space('node')
  const addresses: Record<string, Record<4 | 6, string>> = {
    node: { 4: '192.168.77.1', 6: 'fd77::1' },
    outside: { 4: '192.168.77.9', 6: 'fd77::9' },
    ...Object.fromEntries(members.map(({ name }, i) => [name, { 4: `10.9.0.${i + 2}`, 6: `fd09::${i + 2}` }])),
  }
  const names = Object.keys(addresses)
  const ip = (...words: string[]) => run('ip', words)
  const inside = async (name: string, command: string, ...words: string[]): Promise<string> =>
    (await run('ip', ['netns', 'exec', space(name), command, ...words], { timeoutMs: 20_000 })).stdout

  for (const name of names) {
    await ip('netns', 'add', space(name))
    await ip('-n', space(name), 'link', 'set', 'lo', 'up')
  }
  await ip('-n', node, 'link', 'add', 'name', 'cbr0', 'type', 'bridge')
  await ip('-n', node, 'address', 'add', '10.9.0.1/24', 'dev', 'cbr0')
  await ip('-n', node, 'address', 'add', 'fd09::1/64', 'dev', 'cbr0', 'nodad')
  await ip('-n', node, 'link', 'set', 'cbr0', 'up')
  await inside(
    'node',
    'sh',
    '-c',
    'for f in ipv4/ip_forward ipv6/conf/all/forwarding bridge/bridge-nf-call-iptables bridge/bridge-nf-call-ip6tables; do [ ! -e /proc/sys/net/$f ] || echo 1 > /proc/sys/net/$f; done',
  )
  const join = async (name: string, mine: string, gateway: Record<4 | 6, string>): Promise<void> => {
    await ip('link', 'add', mine, 'netns', node, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space(name))
    await ip('-n', node, 'link', 'set', mine, 'up')
    await ip('-n', space(name), 'address', 'add', `${addresses[name]![4]}/24`, 'dev', 'eth0')
    await ip('-n', space(name), 'address', 'add', `${addresses[name]![6]}/64`, 'dev', 'eth0', 'nodad')
    await ip('-n', space(name), 'link', 'set', 'eth0', 'up')
    await ip('-n', space(name), 'route', 'add', 'default', 'via', gateway[4])
    await ip('-n', space(name), '-6', 'route', 'add', 'default', 'via', gateway[6])
  }
  for (const { name } of members) {
    await join(name, `${name}v`, { 4: '10.9.0.1', 6: 'fd09::1' })
    await ip('-n', node, 'link', 'set', `${name}v`, 'master', 'cbr0')
    // As the bridge plug-in does it (hairpinMode): a pod may be its own peer.
    await ip('-n', node, 'link', 'set', `${name}v`, 'type', 'bridge_slave', 'hairpin', 'on')
  }
  await join('outside', 'out0', addresses['node']!)
  await ip('-n', node, 'address', 'add', '192.168.77.1/24', 'dev', 'out0')
  await ip('-n', node, 'address', 'add', 'fd77::1/64', 'dev', 'out0', 'nodad')

  const actors = new Map<string, Actor>()
  for (const name of names) actors.set(name, await startActor(space(name), name))

  const pods = members.map(
    ({ name, namespace, labels }) =>
      ({
        metadata: { name, namespace, uid: name, labels },
        spec: {
          nodeName: 'here',
          containers: [
            {
              ports: [
                { name: 'web', protocol: 'TCP', containerPort: 80 },
                { name: 'query', protocol: 'UDP', containerPort: 81 },
              ],
            },
          ],
        },
        status: { phase: 'Running', podIPs: [{ ip: addresses[name]![4] }, { ip: addresses[name]![6] }] },
      }) as unknown as Pod,
  )
  return {
    node,
    pods,
    namespaces: ['x', 'y'].map((name) => ({ metadata: { name, labels: { 'kubernetes.io/metadata.name': name } } }) as unknown as Namespace),
    names,
    end(name, family) {
      const pod = pods.find(({ metadata }) => metadata.name === name)
      return { address: addresses[name]![family], ...(pod !== undefined && { pod }) }
    },
    async nft(input) {
      await run('ip', ['netns', 'exec', node, 'nft', '-f', '-'], { input })
    },
    inside,
    tryAll: (probes) => Promise.all(probes.map((probe) => actors.get(probe.from)!.ask({ do: 'try', ...probe }))),
    async open(probe) {
      const actor = actors.get(probe.from)!
      const opened = await actor.ask({ do: 'open', ...probe })
      if (opened === '') throw new Error('nobody answered')
      return async () => (await actor.ask({ do: 'say', which: opened })) === 'said'
    },
    async close() {
      for (const actor of actors.values()) actor.end()
      for (const name of names) await run('ip', ['netns', 'delete', space(name)], { accept: [1] })
    },
  }
}

interface Actor {
  ask(what: object): Promise<string>
  end(): void
}

/** A process in a namespace that serves there, and tries what it is told, so that a probe costs no process of its own. */
async function startActor(space: string, name: string): Promise<Actor> {
  const child: ChildProcess = spawn('ip', ['netns', 'exec', space, process.execPath, '-e', `const me = '${name}'; ${program}`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const waiting = new Map<number, (answer: string) => void>()
  const up = Promise.withResolvers<void>()
  createInterface({ input: child.stdout! }).on('line', (line) => {
    if (line === 'up') return up.resolve()
    const { id, answer } = JSON.parse(line) as { readonly id: number; readonly answer: string }
    waiting.get(id)?.(answer)
    waiting.delete(id)
  })
  child.on('exit', () => up.reject(new Error(`the actor ${name} ended`)))
  await up.promise
  let last = 0
  return {
    ask(what) {
      last += 1
      const id = last
      const { promise, resolve } = Promise.withResolvers<string>()
      waiting.set(id, resolve)
      child.stdin!.write(`${JSON.stringify({ id, ...what })}\n`)
      return promise
    },
    end: () => void child.kill(),
  }
}

const program = `
const net = require('net'), dgram = require('dgram'), silenceMs = 400
let starting = 4
const started = () => { starting -= 1; if (starting === 0) console.log('up') }
for (const port of [80, 81]) {
  net.createServer((s) => { s.on('error', () => {}); s.write(me); s.on('data', (d) => s.write(d)) }).listen({ port, host: '::', ipv6Only: false }, started)
  const udp = dgram.createSocket({ type: 'udp6', ipv6Only: false })
  udp.on('message', (m, from) => udp.send(me, from.port, from.address))
  udp.bind(port, '::', started)
}
const open = new Map()
const tcp = ({ address, port }, keep) => new Promise((done) => {
  const s = net.connect({ host: address, port })
  const timer = setTimeout(() => { s.destroy(); done('') }, silenceMs)
  s.on('error', () => { clearTimeout(timer); done('') })
  s.once('data', (d) => { clearTimeout(timer); if (keep) { open.set(String(open.size), s); done(String(open.size - 1)) } else { s.destroy(); done(String(d)) } })
})
const udp = ({ address, port }) => new Promise((done) => {
  const s = dgram.createSocket(address.includes(':') ? 'udp6' : 'udp4')
  const timer = setTimeout(() => { s.close(); done('') }, silenceMs)
  s.on('error', () => {})
  s.bind(() => s.setBroadcast(true))
  s.on('message', (m) => { clearTimeout(timer); s.close(); done(String(m)) })
  s.once('listening', () => s.send('?', port, address))
})
const say = ({ which }) => new Promise((done) => {
  const s = open.get(which)
  const timer = setTimeout(() => done('silence'), silenceMs)
  s.once('data', () => { clearTimeout(timer); done('said') })
  s.write('!')
})
require('readline').createInterface({ input: process.stdin }).on('line', async (line) => {
  const task = JSON.parse(line)
  const answer = await (task.do === 'say' ? say(task) : task.protocol === 'UDP' ? udp(task) : tcp(task, task.do === 'open'))
  console.log(JSON.stringify({ id: task.id, answer }))
})
process.stdin.on('end', () => process.exit())
`

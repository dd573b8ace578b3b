/**
 * A node with its pods and clients as network namespaces of this machine, in both families, and a service proxy over caches that tests fill.
 * Needs root, ip, nft and conntrack.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { ChangeHandler, Informer } from '#client/informer.ts'
import { systemClock } from '#host/clock.ts'
import { run } from '#host/run.ts'
import { createServiceHost } from '#host/service-host.ts'
import type { Log } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import { type ServiceProxy, type ServiceProxyOptions, sliceServiceIndex, startServiceProxy } from '../proxy.ts'

/** `a` and `b` are pods of the node; `c` counts as another node's pod. */
export const pods = ['a', 'b', 'c'] as const
export type Place = 'node' | 'client' | (typeof pods)[number]

/** Addresses of the world. Services are in 10.8.0.0/24 and fd00:8::/112, pods in 10.9.0.0/24 and fd00:9::/64. */
export const addresses: Readonly<Record<Place, readonly [v4: string, v6: string]>> = {
  node: ['192.168.77.1', 'fd00:77::1'],
  client: ['192.168.77.9', 'fd00:77::9'],
  a: ['10.9.0.2', 'fd00:9::2'],
  b: ['10.9.0.3', 'fd00:9::3'],
  c: ['10.9.0.4', 'fd00:9::4'],
}

/** Where the node's own name server listens. */
export const ownAddress = '10.8.0.10'

export interface Probe {
  readonly from: Place
  readonly to: string
  readonly port: number
  readonly net?: 'tcp' | 'udp'
  readonly count?: number
  /** Fixed port of the sender's. */
  readonly fromPort?: number
}

/** Who answered: each answer once, sorted; `refused` and `silence` where nobody did. `as`: under which addresses the sender was seen. */
export interface Answers {
  readonly who: readonly string[]
  readonly as: readonly string[]
}

export interface PacketWorld {
  readonly services: FakeInformer<Service>
  readonly slices: FakeInformer<EndpointSlice>
  readonly hostPods: FakeInformer<Pod>
  readonly failures: unknown[]
  /** How long each transaction of nft took. */
  readonly nftMs: number[]
  start(options?: Partial<ServiceProxyOptions>): Promise<ServiceProxy>
  probe(probe: Probe): Promise<Answers>
  /** Asks by new UDP flows, one after the other, until this one answers; resolves then. */
  probeUntil(from: Place, to: string, port: number, who: Place): Promise<void>
  /** Words that begin a command in a namespace. */
  prefix(place: Place): readonly string[]
  /** A program in a namespace. */
  inside(place: Place, command: string, ...words: string[]): Promise<string>
  /** A connection that stays open: every call says something over it and resolves with the answer. */
  hold(from: Place, to: string, port: number): Promise<{ say(text: string): Promise<string>; end(): void }>
  close(): Promise<void>
}

export async function openPacketWorld(stem: string): Promise<PacketWorld> {
  const name = (place: Place) => `${stem}${place}`
  const places: readonly Place[] = ['node', 'client', ...pods]
  const ip = (...words: string[]) => run('ip', words)
  const at = (place: Place, ...words: string[]) => ip('-n', name(place), ...words)
  for (const place of places) {
    await ip('netns', 'add', name(place))
    await at(place, 'link', 'set', 'lo', 'up')
    await sysctl(place, 'net/ipv6/conf/all/disable_ipv6=0', 'net/ipv6/conf/default/accept_dad=0', 'net/ipv6/conf/all/accept_dad=0')
  }
  await sysctl('node', 'net/ipv4/ip_forward=1', 'net/ipv6/conf/all/forwarding=1')
  await at('node', 'link', 'add', 'name', 'cbr0', 'type', 'bridge')
  await at('node', 'address', 'add', '10.9.0.1/24', 'dev', 'cbr0')
  await at('node', 'address', 'add', 'fd00:9::1/64', 'dev', 'cbr0', 'nodad')
  await at('node', 'link', 'set', 'cbr0', 'up')
  for (const pod of pods) {
    await ip('link', 'add', `v${pod}`, 'netns', name('node'), 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name(pod))
    await at('node', 'link', 'set', `v${pod}`, 'master', 'cbr0', 'up')
    // As the bridge plug-in does it (hairpinMode): a pod may be its own peer.
    await at('node', 'link', 'set', `v${pod}`, 'type', 'bridge_slave', 'hairpin', 'on')
    await join(pod, ['10.9.0.1', 'fd00:9::1'])
  }
  await ip('link', 'add', 'vout', 'netns', name('node'), 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name('client'))
  await at('node', 'address', 'add', `${addresses.node[0]}/24`, 'dev', 'vout')
  await at('node', 'address', 'add', `${addresses.node[1]}/64`, 'dev', 'vout', 'nodad')
  await at('node', 'link', 'set', 'vout', 'up')
  await join('client', addresses.node)
  // As the agent does it: Service addresses have a route, so that the node reaches them without a default route.
  await at('node', 'link', 'add', 'name', 'svc0', 'type', 'bridge')
  await at('node', 'link', 'set', 'svc0', 'up')
  await at('node', 'route', 'add', '10.8.0.0/24', 'dev', 'svc0', 'src', addresses.node[0])
  await at('node', 'route', 'add', 'fd00:8::/112', 'dev', 'svc0', 'src', addresses.node[1])
  await sysctl(
    'node',
    'net/bridge/bridge-nf-call-iptables=1',
    'net/bridge/bridge-nf-call-ip6tables=1',
    'net/ipv4/conf/cbr0/route_localnet=1',
  )
  const voices = new Map<Place, Voice>()
  for (const place of places) voices.set(place, await openVoice(name(place), place))

  async function sysctl(place: Place, ...settings: string[]): Promise<void> {
    const words = settings.map((setting) => {
      const [path, value] = setting.split('=')
      return `[ ! -e /proc/sys/${path} ] || echo ${value} > /proc/sys/${path}`
    })
    await run('ip', ['netns', 'exec', name(place), 'sh', '-c', words.join('; ')])
  }
  async function join(place: Place, gateways: readonly string[]): Promise<void> {
    await at(place, 'address', 'add', `${addresses[place][0]}/24`, 'dev', 'eth0')
    await at(place, 'address', 'add', `${addresses[place][1]}/64`, 'dev', 'eth0', 'nodad')
    await at(place, 'link', 'set', 'eth0', 'up')
    await at(place, 'route', 'add', 'default', 'via', gateways[0]!)
    await at(place, 'route', 'add', 'default', 'via', gateways[1]!)
  }

  const failures: unknown[] = []
  const nftMs: number[] = []
  const log: Log = {
    info() {},
    debug() {},
    warn: (_text, fields) => void failures.push(fields),
    error: (_text, fields) => void failures.push(fields),
    with: () => log,
  }
  const services = fakeInformer<Service>()
  const slices = fakeInformer<EndpointSlice>(sliceServiceIndex.service)
  const hostPods = fakeInformer<Pod>()
  const proxies: ServiceProxy[] = []
  return {
    services,
    slices,
    hostPods,
    failures,
    nftMs,
    async start(options = {}) {
      await Promise.all(proxies.splice(0).map((proxy) => proxy.stop()))
      const host = createServiceHost(['ip', 'netns', 'exec', name('node')])
      const proxy = startServiceProxy({
        services: services.informer,
        slices: slices.informer,
        pods: hostPods.informer,
        host: {
          ...host,
          async nft(text) {
            const from = performance.now()
            await host.nft(text)
            nftMs.push(performance.now() - from)
          },
          serveHttp: async () => ({ async close() {} }),
          addresses: () => [...addresses.node, ownAddress],
        },
        clock: systemClock,
        random: seededRandom(1),
        log,
        nodeName: 'here',
        ownAddresses: [ownAddress],
        ...options,
        table: {
          name: 'wherry',
          clusterCIDR: '10.9.0.0/24,fd00:9::/64',
          nodeAddresses: addresses.node,
          serviceCIDRs: ['10.8.0.0/24', 'fd00:8::/112'],
          unmasqueraded: addresses.node,
          hasLoopbackHostPorts: true,
          ownPodCIDRs: ['10.9.0.0/24', 'fd00:9::/64'],
          ...options.table,
        },
      })
      proxies.push(proxy)
      await proxy.synced
      await proxy.settled()
      return proxy
    },
    probe: ({ from, ...probe }) => voices.get(from)!.ask({ count: 12, net: 'tcp', ...probe }) as Promise<Answers>,
    async probeUntil(from, to, port, who) {
      await voices.get(from)!.ask({ until: who, to, port })
    },
    prefix: (place) => ['ip', 'netns', 'exec', name(place)],
    inside: async (place, command, ...words) =>
      (await run('ip', ['netns', 'exec', name(place), command, ...words], { timeoutMs: 20_000 })).stdout,
    async hold(from, to, port) {
      const voice = voices.get(from)!
      const hold = (await voice.ask({ hold: true, to, port })) as number
      return { say: (text) => voice.ask({ say: text, hold }) as Promise<string>, end: () => void voice.ask({ end: hold }) }
    },
    async close() {
      await Promise.all(proxies.map((proxy) => proxy.stop()))
      for (const voice of voices.values()) voice.child.kill('SIGKILL')
      for (const place of places) await run('ip', ['netns', 'delete', name(place)], { accept: [1] })
    },
  }
}

interface Voice {
  readonly child: ChildProcess
  ask(question: object): Promise<unknown>
}

/** A program in the namespace that serves at port 8080 of TCP and UDP, and asks others. */
async function openVoice(namespace: string, place: Place): Promise<Voice> {
  const child = spawn('ip', ['netns', 'exec', namespace, process.execPath, '-e', program, place], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })
  const waits = new Map<number, (answer: unknown) => void>()
  let last = 0
  const up = Promise.withResolvers<void>()
  lines.on('line', (line) => {
    const { id, answer } = JSON.parse(line)
    if (id === 0) up.resolve()
    else waits.get(id)?.(answer)
    waits.delete(id)
  })
  child.once('exit', () => up.reject(new Error(`the program in ${namespace} ended`)))
  await up.promise
  return {
    child,
    ask: (question) =>
      new Promise((resolve) => {
        last += 1
        waits.set(last, resolve)
        child.stdin.write(`${JSON.stringify({ id: last, ...question })}\n`)
      }),
  }
}

const program = `
const net = require('net'), dgram = require('dgram')
const name = process.argv[1]
const plain = (address) => (address || '').replace('::ffff:', '')
const silentMs = 500
net.createServer({ allowHalfOpen: true }, (socket) => {
  socket.on('error', () => {})
  socket.write(name + ' ' + plain(socket.remoteAddress) + '\\n')
  socket.on('data', (bytes) => socket.write(name + ' heard ' + bytes))
  socket.on('end', () => socket.end())
}).listen(8080, '::', () => {
  const udp = dgram.createSocket({ type: 'udp6' })
  udp.on('message', (_bytes, { address, port }) => udp.send(name + ' ' + plain(address), port, address))
  udp.bind(8080, '::', () => console.log(JSON.stringify({ id: 0 })))
})
const tcp = ({ to, port }) => new Promise((done) => {
  const socket = net.connect({ host: to, port })
  const timer = setTimeout(() => { socket.destroy(); done('silence') }, silentMs)
  let text = ''
  socket.on('data', (bytes) => { text += bytes; if (text.includes('\\n')) { clearTimeout(timer); socket.end(); done(text.trim()) } })
  socket.on('error', (error) => { clearTimeout(timer); done(error.code === 'ECONNREFUSED' ? 'refused' : error.code) })
})
const udp = ({ to, port, fromPort }) => new Promise((done) => {
  const socket = dgram.createSocket(to.includes(':') ? 'udp6' : 'udp4')
  const end = (answer) => { clearTimeout(timer); socket.close(); done(answer) }
  const timer = setTimeout(() => end('silence'), silentMs)
  socket.on('message', (bytes) => end(String(bytes)))
  socket.on('error', (error) => end(error.code === 'ECONNREFUSED' ? 'refused' : error.code))
  socket.bind(fromPort || 0, () => socket.connect(port, to, () => socket.send('hello')))
})
const holds = new Map()
async function answer(question) {
  if (question.hold === true) {
    const socket = net.connect({ host: question.to, port: question.port })
    socket.on('error', () => {})
    await new Promise((resolve) => socket.once('data', resolve))
    holds.set(question.id, socket)
    return question.id
  }
  if (question.until) {
    const sockets = []
    await new Promise((done) => {
      const next = () => {
        const socket = dgram.createSocket(question.to.includes(':') ? 'udp6' : 'udp4')
        sockets.push(socket)
        socket.on('message', (bytes) => String(bytes).startsWith(question.until + ' ') && (clearInterval(timer), done()))
        socket.on('error', () => {})
        socket.send('hello', question.port, question.to)
        if (sockets.length > 64) sockets.shift().close()
      }
      const timer = setInterval(next, 1)
    })
    for (const socket of sockets) socket.close()
    return true
  }
  if (question.end) return void holds.get(question.end).destroy()
  if (question.say) {
    const socket = holds.get(question.hold)
    const heard = new Promise((resolve) => { socket.once('data', (bytes) => resolve(String(bytes))); setTimeout(() => resolve('silence'), 2000) })
    socket.write(question.say)
    return heard
  }
  const who = new Set(), as = new Set()
  for (let i = 0; i < question.count; i += 1) {
    const [one, seen] = (await (question.net === 'udp' ? udp : tcp)(question)).split(' ')
    who.add(one)
    if (seen) as.add(seen)
    if (one === 'silence' || one === 'refused') break
  }
  return { who: [...who].sort(), as: [...as].sort() }
}
require('readline').createInterface({ input: process.stdin }).on('line', async (line) => {
  const question = JSON.parse(line)
  console.log(JSON.stringify({ id: question.id, answer: await answer(question) }))
})
`

/** A cache that tests fill. */
export interface FakeInformer<T> {
  readonly informer: Informer<T>
  put(object: T): void
  remove(object: T): void
  clear(): void
}

export function fakeInformer<T extends { readonly metadata: { readonly name: string; readonly namespace?: string | undefined } }>(
  indexOf: (object: T) => readonly string[] = () => [],
): FakeInformer<T> {
  const objects = new Map<string, T>()
  const index = new Map<string, Set<string>>()
  const handlers = new Set<ChangeHandler<T>>()
  const keyOf = ({ metadata }: T) => `${metadata.namespace}/${metadata.name}`
  const drop = (object: T) => {
    for (const value of indexOf(object)) index.get(value)?.delete(keyOf(object))
  }
  const informer = {
    isSynced: true,
    synced: async () => {},
    list: () => [...objects.values()],
    get: (name: string, namespace: string) => objects.get(`${namespace}/${name}`),
    indexed: (_name: string, value: string) => [...(index.get(value) ?? [])].map((key) => objects.get(key)!),
    onChange(handler: ChangeHandler<T>) {
      handlers.add(handler)
      for (const object of objects.values()) handler(object, undefined, 'added')
      return () => void handlers.delete(handler)
    },
  } as unknown as Informer<T>
  return {
    informer,
    put(object) {
      const previous = objects.get(keyOf(object))
      if (previous) drop(previous)
      objects.set(keyOf(object), object)
      for (const value of indexOf(object)) index.set(value, (index.get(value) ?? new Set()).add(keyOf(object)))
      for (const handler of handlers) handler(object, previous, previous ? 'modified' : 'added')
    },
    remove(object) {
      drop(object)
      objects.delete(keyOf(object))
      for (const handler of handlers) handler(object, object, 'deleted')
    },
    clear() {
      for (const object of [...objects.values()]) this.remove(object)
    },
  }
}

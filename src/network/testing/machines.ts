import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '#host/run.ts'
import { canonicalRange } from '../routes/addresses.ts'
import type { NodeNetwork } from '../routes/node-networks.ts'

/** A network namespace that stands for a machine. */
export interface TestMachine {
  readonly network: NodeNetwork
  /** What to put before a program so that it runs there. */
  readonly inside: readonly string[]
  readonly cniConfigFile: string
  readonly cniStateDirectory: string
  /** Its text; undefined: there is none yet. */
  cniConfig(): string | undefined
  run(...command: readonly string[]): Promise<string>
  /** A network namespace with an interface that the CNI configuration's plug-ins made. */
  addPod(name: string): Promise<TestPod>
}

/** A network namespace that stands for a pod. */
export interface TestPod {
  readonly name: string
  readonly addresses: readonly string[]
  readonly mtu: number
  readonly inside: readonly string[]
  /** As the container runtime does when the pod goes. */
  remove(): Promise<void>
}

export interface ClusterOptions {
  readonly count: number
  readonly underlay: readonly ('v4' | 'v6')[]
  readonly pods: readonly ('v4' | 'v6')[]
  /** The last machine is in a network of its own behind a router. */
  readonly isRouted?: boolean
  readonly mtu?: number
}

const plugins = '/usr/lib/cni'

/** Machines on one link, each a network namespace whose name begins with `name`; `close` removes all that was made. */
export function createTestMachines(name: string) {
  const prefix = `${name}${process.pid}`
  const directory = mkdtempSync(join(tmpdir(), `${name}-`))
  const namespaces = new Set<string>()
  let clusters = 0
  const ip = async (...args: string[]) => (await run('ip', args)).stdout
  const add = async (namespace: string) => {
    await ip('netns', 'add', namespace)
    namespaces.add(namespace)
    await ip('-netns', namespace, 'link', 'set', 'lo', 'up')
  }
  const remove = async (namespace: string) => {
    if (namespaces.delete(namespace)) await ip('netns', 'delete', namespace)
  }
  const insideOf = (namespace: string) => ['ip', 'netns', 'exec', namespace] as const
  const within = async (namespace: string, ...command: readonly string[]) =>
    (await run('ip', ['netns', 'exec', namespace, ...command])).stdout

  async function cluster({ count, underlay, pods, isRouted = false, mtu = 1500 }: ClusterOptions) {
    clusters += 1
    const [own, link] = [new Set<string>(), `${prefix}-${clusters}l`]
    const make = async (namespace: string) => {
      await add(namespace)
      own.add(namespace)
    }
    await make(link)
    await within(link, 'sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1')
    const nodes: TestMachine[] = []
    for (let index = 0; index < count; index += 1) {
      const namespace = `${prefix}-${clusters}n${index}`
      await make(namespace)
      // A network for each side of the router, or one for all.
      const side = isRouted && index === count - 1 ? 1 : 0
      const bridge = `br${side}`
      if (index === 0 || side === 1) {
        await ip('-netns', link, 'link', 'add', bridge, 'mtu', String(mtu), 'type', 'bridge')
        await ip('-netns', link, 'link', 'set', bridge, 'up')
        await ip('-netns', link, 'address', 'add', `192.168.${side}.254/24`, 'dev', bridge)
        await ip('-netns', link, 'address', 'add', `fd99:${side + 1}::254/64`, 'dev', bridge, 'nodad')
      }
      await ip(
        '-netns',
        link,
        'link',
        'add',
        `port${index}`,
        'mtu',
        String(mtu),
        'type',
        'veth',
        'peer',
        'name',
        'eth0',
        'mtu',
        String(mtu),
        'netns',
        namespace,
      )
      await ip('-netns', link, 'link', 'set', `port${index}`, 'master', bridge, 'up')
      const v4 = `192.168.${side}.${index + 1}`
      const v6 = `fd99:${side + 1}::${index + 1}`
      await within(
        namespace,
        'sysctl',
        '-qw',
        'net.ipv4.ip_forward=1',
        'net.ipv6.conf.all.forwarding=1',
        'net.ipv4.conf.all.rp_filter=1',
        'net.ipv4.conf.default.rp_filter=1',
      )
      await ip('-netns', namespace, 'link', 'set', 'eth0', 'up')
      if (underlay.includes('v4')) {
        await ip('-netns', namespace, 'address', 'add', `${v4}/24`, 'dev', 'eth0')
        await ip('-netns', namespace, 'route', 'add', 'default', 'via', `192.168.${side}.254`)
      }
      if (underlay.includes('v6')) {
        await ip('-netns', namespace, 'address', 'add', `${v6}/64`, 'dev', 'eth0', 'nodad')
        await ip('-netns', namespace, 'route', 'add', 'default', 'via', `fd99:${side + 1}::254`)
      }
      nodes.push(
        machine(namespace, make, {
          name: `n${index}`,
          uid: `uid-${index}`,
          addresses: underlay.map((family) => (family === 'v4' ? v4 : v6)),
          podCIDRs: pods.map((family) =>
            family === 'v4' ? `10.${clusters}.${index}.0/24` : canonicalRange(`fd10:${clusters}:0:${index}::/64`)!,
          ),
        }),
      )
    }
    return {
      nodes,
      /** Where all machines are plugged in. */
      link: (...command: readonly string[]) => within(link, ...command),
      async close() {
        for (const namespace of [...own].reverse()) await remove(namespace)
      },
    }
  }

  function machine(namespace: string, make: (namespace: string) => Promise<void>, network: NodeNetwork): TestMachine {
    const cniConfigFile = join(directory, namespace, 'cni', '10-wherry.conflist')
    mkdirSync(join(directory, namespace), { recursive: true })
    const cniConfig = () => {
      try {
        return readFileSync(cniConfigFile, 'utf8')
      } catch {
        return undefined
      }
    }
    async function addPod(name: string): Promise<TestPod> {
      const pod = `${namespace}${name}`
      await make(pod)
      const { plugins: list, ...rest } = JSON.parse(cniConfig() ?? '') as { plugins: { type: string }[]; cniVersion: string; name: string }
      const call = (command: 'ADD' | 'DEL', config: object) =>
        run('ip', ['netns', 'exec', namespace, join(plugins, list[0]!.type)], {
          input: JSON.stringify({ ...config, cniVersion: rest.cniVersion, name: rest.name }),
          env: { CNI_COMMAND: command, CNI_CONTAINERID: pod, CNI_NETNS: `/run/netns/${pod}`, CNI_IFNAME: 'eth0', CNI_PATH: plugins },
        })
      // The other plug-ins of the list change nothing for pods that ask for nothing.
      const { stdout } = await call('ADD', list[0]!)
      const result = JSON.parse(stdout) as { ips: { address: string }[] }
      const links = JSON.parse(await ip('-json', '-netns', pod, 'link', 'show', 'eth0')) as { mtu: number }[]
      return {
        name: pod,
        addresses: result.ips.map(({ address }) => address.replace(/\/.*/, '')),
        mtu: links[0]!.mtu,
        inside: insideOf(pod),
        async remove() {
          await call('DEL', list[0]!)
          await remove(pod)
        },
      }
    }
    return {
      network,
      inside: insideOf(namespace),
      cniConfigFile,
      cniStateDirectory: join(directory, namespace, 'state'),
      cniConfig,
      run: (...command) => within(namespace, ...command),
      addPod,
    }
  }

  /** Two network namespaces with nothing between them but a veth pair. */
  async function pair() {
    const ends = ['a', 'b'].map((end, index) => ({ namespace: `${prefix}-p${end}`, address: `198.51.100.${index + 1}` }))
    for (const { namespace } of ends) await add(namespace)
    const [a, b] = ends.map(({ namespace }) => namespace) as [string, string]
    await ip('-netns', a, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', b)
    for (const { namespace, address } of ends) {
      await ip('-netns', namespace, 'address', 'add', `${address}/24`, 'dev', 'eth0')
      await ip('-netns', namespace, 'link', 'set', 'eth0', 'up')
    }
    return ends.map(({ namespace, address }) => ({ inside: insideOf(namespace), address }))
  }

  return {
    cluster,
    pair,
    async close() {
      for (const namespace of [...namespaces].reverse()) await remove(namespace)
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

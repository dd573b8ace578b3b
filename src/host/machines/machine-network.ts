import { existsSync, readdirSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { removeTables } from '../clean.ts'
import type { Layout } from '../layout.ts'
import { names } from '../names.ts'
import { run } from '../run.ts'
import { cableOf, cablePrefix, entering, type Machine } from './machine.ts'
import type { MachineRange } from './machine-ranges.ts'

/** The device by which a node reaches the others, inside. */
const deviceInside = 'eth0'

/** The switch between this machine and its further nodes, and their way out. Safe to call again at any time. */
export async function ensureMachineBridge(ranges: readonly MachineRange[], mtu: number): Promise<void> {
  const bridge = names.machineBridge
  // With an address of its own: otherwise it has that of one of its cables, and all nodes lose it when that one goes.
  const address = hardwareAddress({ addresses: ranges.map(({ gateway }) => gateway) })
  if (!isDevice(bridge)) await run('ip', ['link', 'add', 'name', bridge, 'address', address, 'type', 'bridge'])
  await run('ip', ['-batch', '-'], {
    input: [
      ...ranges.map(({ gateway, prefix }) => `address replace ${gateway}/${prefix} dev ${bridge}${isIPv6(gateway) ? ' nodad' : ''}`),
      `link set dev ${bridge} mtu ${mtu} up`,
      '',
    ].join('\n'),
  })
  await run('nft', ['-f', '-'], { input: hidingRules(ranges) })
}

/**
 * Nodes leave the machine under its address: nobody out there knows theirs. Between nodes and pods nothing is changed, whatever way it takes: all
 * devices of clusters have our name. Whole tables, so that a second call changes nothing.
 */
export function hidingRules(ranges: readonly MachineRange[]): string {
  return ranges
    .map(({ cidr }) => {
      const family = cidr.includes(':') ? 'ip6' : 'ip'
      return `table ${family} ${names.machineBridge} {}
delete table ${family} ${names.machineBridge}
table ${family} ${names.machineBridge} {
  chain leaving {
    type nat hook postrouting priority srcnat
    ${family} saddr ${cidr} oifname != "wherry*" masquerade
  }
}
`
    })
    .join('')
}

/** Lays the cable between bridge and node, unless it is there with both its ends, and sets both up. */
export async function ensureCable(layout: Layout, machine: Machine, ranges: readonly MachineRange[], mtu: number): Promise<void> {
  const cable = cableOf(machine)
  const [program, ...words] = entering(layout, machine.name)
  const inside = (...command: string[]) => run(program!, [...words, ...command], { accept: [1] })
  const isInside = (await inside('ip', 'link', 'show', 'dev', deviceInside)).code === 0
  if (!isInside || !isDevice(cable)) {
    // One end goes with the other.
    if (isInside) await inside('ip', 'link', 'delete', 'dev', deviceInside)
    if (isDevice(cable)) await run('ip', ['link', 'delete', 'dev', cable])
    const net = words.find((word) => word.startsWith('--net='))!.slice('--net='.length)
    await run('ip', ['link', 'add', cable, 'type', 'veth', 'peer', 'name', deviceInside, 'address', hardwareAddress(machine), 'netns', net])
  }
  await run('ip', ['link', 'set', 'dev', cable, 'master', names.machineBridge, 'mtu', String(mtu), 'up'])
  await run(program!, [...words, 'ip', '-batch', '-'], { input: insideLines(machine, ranges, mtu) })
}

/** What ip(8) is told inside a node. */
export function insideLines({ addresses }: Machine, ranges: readonly MachineRange[], mtu: number): string {
  return [
    'link set dev lo up',
    `link set dev ${deviceInside} mtu ${mtu}`,
    ...addresses.flatMap((address, i) => {
      const range = ranges[i]
      return range === undefined ? [] : [`address replace ${address}/${range.prefix} dev ${deviceInside}${isIPv6(address) ? ' nodad' : ''}`]
    }),
    `link set dev ${deviceInside} up`,
    ...addresses.flatMap((address, i) => {
      const range = ranges[i]
      return range === undefined ? [] : [`route replace ${isIPv6(address) ? '::/0' : '0.0.0.0/0'} via ${range.gateway} dev ${deviceInside}`]
    }),
    '',
  ].join('\n')
}

/** Always the same for an address: whoever remembers it reaches a cable that was laid anew. The second bit says that nobody sold it (IEEE 802). */
export function hardwareAddress({ addresses: [first = ''] }: Pick<Machine, 'addresses'>): string {
  const bytes = first.split('.').map((part) => Number(part).toString(16).padStart(2, '0'))
  return ['02', '57', ...bytes].join(':')
}

export async function removeCable(machine: Pick<Machine, 'index'>): Promise<void> {
  const cable = cableOf(machine)
  if (isDevice(cable)) await run('ip', ['link', 'delete', 'dev', cable])
}

/** Once no further node is left: all cables, the bridge, and the rules. */
export async function removeMachineBridge(): Promise<void> {
  const ours = devices().filter((name) => name === names.machineBridge || new RegExp(`^${cablePrefix}\\d+$`).test(name))
  for (const name of ours) await run('ip', ['link', 'delete', 'dev', name])
  await removeTables([names.machineBridge])
}

const devices = (): readonly string[] => readdirSync('/sys/class/net')
const isDevice = (name: string): boolean => existsSync(`/sys/class/net/${name}`)

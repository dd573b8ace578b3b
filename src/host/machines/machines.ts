import { existsSync, readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { WherryError } from '#lib/errors.ts'
import { killShims, removeCgroups, unmountBeneath } from '../clean.ts'
import { type Config, nodeAddresses } from '../config.ts'
import { removeContainerLogLinks } from '../container-log-links.ts'
import { containerdPidFile, containerdSocket } from '../containerd.ts'
import { stopDaemon } from '../daemon.ts'
import { removeKubeletLink } from '../kubelet-link.ts'
import { type Layout, paths } from '../layout.ts'
import { createNetworkHost } from '../network.ts'
import { type Machine, machineCgroupRoot, machinePaths } from './machine.ts'
import { ensureCable, ensureMachineBridge, removeCable } from './machine-network.ts'
import { checkMachineRanges, defaultMachineCIDR, type MachineRange, parseMachineRanges } from './machine-ranges.ts'
import { areNamespacesThere, endProcessesInside, ensureNamespaces, removeNamespaces } from './namespaces.ts'
import { forgetMachine } from './registry.ts'

/** What the further nodes of one machine share. */
export interface MachineNetwork {
  readonly ranges: readonly MachineRange[]
  readonly mtu: number
}

/** The ranges that the configuration gives to further nodes, of the families that this machine has. */
export function machineRanges(config: Pick<Config, 'machineCIDR'>): readonly MachineRange[] {
  const ranges = parseMachineRanges(config.machineCIDR ?? defaultMachineCIDR)
  return hasIPv6() ? ranges : ranges.slice(0, 1)
}

const hasIPv6 = (): boolean => {
  const file = '/proc/sys/net/ipv6/conf/all/disable_ipv6'
  return existsSync(file) && readFileSync(file, 'utf8').trim() === '0'
}

/** Makes bridge and rules, as often as called. Throws where the ranges are somebody else's. */
export async function ensureMachineNetwork(layout: Layout, config: Config): Promise<MachineNetwork> {
  const ranges = machineRanges(config)
  checkMachineRanges(ranges, config)
  const mtu = mtuOf(nodeAddresses(config)[0]!)
  // Their packets are handed on by this machine, whose own node may not have come so far.
  await createNetworkHost(paths(layout).savedSettings).prepare()
  await ensureMachineBridge(ranges, mtu)
  return { ranges, mtu }
}

/** Of the device with the node's address: a bigger packet would not leave the machine, and nodes of different sizes lose packets between them. */
function mtuOf(address: string): number {
  const found = Object.entries(networkInterfaces()).find(([, all]) => all?.some((one) => one.address === address))
  const mtu = found && found[0] !== 'lo' ? Number(readFileSync(`/sys/class/net/${found[0]}/mtu`, 'utf8')) : 1500
  return Math.min(mtu, 65_535)
}

/** Makes what is missing of a node's machine: namespaces and cable. Says whether its namespaces had to be made. */
export async function ensureMachine(layout: Layout, machine: Machine, { ranges, mtu }: MachineNetwork): Promise<boolean> {
  checkPlace(machine, ranges)
  // What still runs would go on in namespaces that nobody can enter any more.
  if (!areNamespacesThere(layout, machine.name)) await endMachineProcesses(layout, machine.name)
  const made = await ensureNamespaces(layout, machine.name)
  await ensureCable(layout, machine, ranges, mtu)
  return made
}

/** The cluster knows it by its address: it cannot move to other ranges. */
function checkPlace({ name, index, addresses }: Machine, ranges: readonly MachineRange[]): void {
  for (const [i, address] of addresses.entries())
    if (ranges[i] !== undefined && ranges[i].address(index) !== address)
      throw new WherryError(
        'Invalid',
        `node ${name} has the address ${address}, and machineCIDR is ${ranges.map(({ cidr }) => cidr).join(',')} now; set it back, or remove the node and add it anew`,
      )
}

/** Ends agent, containers and containerd of a node, however they came to be there. Its folders and namespaces stay. */
export async function endMachineProcesses(layout: Layout, name: string): Promise<void> {
  const own = machinePaths(layout, name)
  const where = paths(own.layout)
  const containerd = { stateDirectory: where.containerdState }
  await stopDaemon(where.agentPid, 2_000)
  // With it goes whoever would start a shim anew.
  await stopDaemon(containerdPidFile(containerd), 2_000)
  killShims(containerdSocket(containerd))
  await removeCgroups(machineCgroupRoot(name))
  await endProcessesInside(layout, name)
}

/** Takes a node's machine away with all that is in it. What an earlier call left half-way is no hindrance. */
export async function removeMachine(layout: Layout, machine: Machine): Promise<void> {
  const own = machinePaths(layout, machine.name)
  const where = paths(own.layout)
  await endMachineProcesses(layout, machine.name)
  await removeCable(machine)
  await removeNamespaces(layout, machine.name)
  await unmountBeneath([own.layout.dataDirectory, own.layout.runDirectory])
  removeKubeletLink(where.kubelet)
  removeContainerLogLinks(where.podLogs, 'all')
  forgetMachine(layout, machine.name)
}

import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { WherryError } from '#lib/errors.ts'
import { codeOf } from '../files.ts'
import type { Layout } from '../layout.ts'
import { saveFile } from '../save-file.ts'
import { type Machine, machinePaths } from './machine.ts'
import { freeIndex, type MachineRange } from './machine-ranges.ts'

/** A Unix socket's path has 107 letters at most (unix(7)); this is the longest that a node has by itself. */
const longestSocket = '/node/kubelet/pod-resources/kubelet.sock'
const socketPathMax = 107
/** Of a host name (hostname(7)). */
const nameMax = 63

/**
 * Every further node of this machine by its folders, in the order of addresses. A folder without a record is one that was being removed, that never
 * came to be, or whose data somebody removed by hand: it is said to be leaving. A record
 * that cannot be read is refused, since its node may run well; who removes everything takes it for one that leaves.
 */
export function listMachines(layout: Layout, damaged: 'refuse' | 'count as leaving' = 'refuse'): readonly Machine[] {
  const folders = [layout.dataDirectory, layout.runDirectory].flatMap((folder) => entriesOf(join(folder, 'nodes')))
  return [...new Set(folders)]
    .map((name) => readMachine(layout, name, damaged))
    .toSorted((a, b) => a.index - b.index || (a.name < b.name ? -1 : 1))
}

function readMachine(layout: Layout, name: string, damaged: 'refuse' | 'count as leaving'): Machine {
  const { record } = machinePaths(layout, name)
  const nothing: Machine = { name, index: 0, addresses: [], isLeaving: true }
  let text: string
  try {
    text = readFileSync(record, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return nothing
    throw error
  }
  try {
    return { ...nothing, isLeaving: false, ...(JSON.parse(text) as Partial<Machine>), name }
  } catch (cause) {
    if (damaged === 'count as leaving') return nothing
    throw new WherryError(
      'InternalError',
      `${record} is not what we wrote: ${(cause as Error).message}; mend it, or remove all with "wherry reset"`,
      { cause },
    )
  }
}

/**
 * Gives new ones their places, and remembers them: all, or none where one cannot be, since what is remembered is made at the next start. Throws
 * `BadRequest` for a name that cannot be a machine's, `AlreadyExists` for one that is there, `ServiceUnavailable` where there are not as many addresses.
 */
export function addMachines(layout: Layout, names: readonly string[], ranges: readonly MachineRange[]): readonly Machine[] {
  const present = listMachines(layout)
  const taken = present.map(({ index }) => index)
  const machines = names.map((name): Machine => {
    checkMachineName(layout, name)
    if (present.some((machine) => machine.name === name))
      throw new WherryError('AlreadyExists', `there is a node ${name} on this machine already`)
    const index = freeIndex(ranges, taken)
    taken.push(index)
    return { name, index, addresses: ranges.map((range) => range.address(index)!), isLeaving: false }
  })
  for (const machine of machines) writeMachine(layout, machine)
  return machines
}

/** Whole or not at all. */
export function writeMachine(layout: Layout, machine: Machine): void {
  const { record } = machinePaths(layout, machine.name)
  saveFile(record, `${JSON.stringify(machine)}\n`)
}

/** Says that it goes, so that nobody takes it up again. */
export function markLeaving(layout: Layout, machine: Machine): void {
  writeMachine(layout, { ...machine, isLeaving: true })
}

/** The last step of a removal: its folders, which nothing is mounted in any more. The record goes last, in case that we are stopped. */
export function forgetMachine(layout: Layout, name: string): void {
  const { layout: own, record } = machinePaths(layout, name)
  rmSync(own.runDirectory, { recursive: true, force: true })
  for (const entry of entriesOf(own.dataDirectory))
    if (join(own.dataDirectory, entry) !== record) rmSync(join(own.dataDirectory, entry), { recursive: true, force: true })
  rmSync(own.dataDirectory, { recursive: true, force: true })
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}

/** A node's name that is a host name as well, short enough for the sockets in its folder. Throws `BadRequest`. */
export function checkMachineName(layout: Layout, name: string): void {
  if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(name))
    throw new WherryError('BadRequest', `a node's name has lower case letters, digits, "-" and "." (RFC 1123), unlike "${name}"`)
  const room = socketPathMax - machinePaths(layout, '').layout.dataDirectory.length - 1 - longestSocket.length
  const longest = Math.min(nameMax, room)
  if (name.length > longest)
    throw new WherryError(
      'BadRequest',
      `the name "${name}" is too long: ${longest} letters are left for it by the paths of sockets in its folder`,
    )
}

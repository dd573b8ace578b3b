import type { NodeSource } from '../interfaces.ts'
import type { NodePressure } from './signals.ts'

type Condition = NonNullable<ReturnType<NodeSource['read']>['conditions']>[number]

/** How the Node says that it is under pressure, or is not: reason and message of its condition, and the reason of the event when it turns. */
const words: Readonly<Record<NodePressure, Readonly<Record<'True' | 'False', readonly [reason: string, message: string, event: string]>>>> =
  {
    MemoryPressure: {
      True: ['KubeletHasInsufficientMemory', 'kubelet has insufficient memory available', 'NodeHasInsufficientMemory'],
      False: ['KubeletHasSufficientMemory', 'kubelet has sufficient memory available', 'NodeHasSufficientMemory'],
    },
    DiskPressure: {
      True: ['KubeletHasDiskPressure', 'kubelet has disk pressure', 'NodeHasDiskPressure'],
      False: ['KubeletHasNoDiskPressure', 'kubelet has no disk pressure', 'NodeHasNoDiskPressure'],
    },
    PIDPressure: {
      True: ['KubeletHasInsufficientPID', 'kubelet has insufficient PID available', 'NodeHasInsufficientPID'],
      False: ['KubeletHasSufficientPID', 'kubelet has sufficient PID available', 'NodeHasSufficientPID'],
    },
  }

const all: readonly NodePressure[] = ['MemoryPressure', 'DiskPressure', 'PIDPressure']

export const pressureConditions = (pressures: readonly NodePressure[]): Condition[] =>
  all.map((type) => {
    const status = pressures.includes(type) ? 'True' : 'False'
    const [reason, message] = words[type][status]
    return { type, status, reason, message }
  })

/** Reasons of the events for what turned between two looks. */
export const pressureEvents = (before: readonly NodePressure[], after: readonly NodePressure[]): string[] =>
  all
    .filter((type) => before.includes(type) !== after.includes(type))
    .map((type) => words[type][after.includes(type) ? 'True' : 'False'][2])

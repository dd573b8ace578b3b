import type { NodeSource } from '../interfaces.ts'
import type { NodePressure } from './signals.ts'

type Condition = NonNullable<ReturnType<NodeSource['read']>['conditions']>[number]

/** How the Node says that it is under pressure, or is not: reason and message of its condition, and the reason of the event when it turns. */
const words: Readonly<Record<NodePressure, Readonly<Record<'True' | 'False', readonly [reason: string, message: string]>>>> = {
  MemoryPressure: {
    True: ['KubeletHasInsufficientMemory', 'kubelet has insufficient memory available'],
    False: ['KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
  },
  DiskPressure: {
    True: ['KubeletHasDiskPressure', 'kubelet has disk pressure'],
    False: ['KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
  },
  PIDPressure: {
    True: ['KubeletHasInsufficientPID', 'kubelet has insufficient PID available'],
    False: ['KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
  },
}

const all: readonly NodePressure[] = ['MemoryPressure', 'DiskPressure', 'PIDPressure']

export const pressureConditions = (pressures: readonly NodePressure[]): Condition[] =>
  all.map((type) => {
    const status = pressures.includes(type) ? 'True' : 'False'
    const [reason, message] = words[type][status]
    return { type, status, reason, message }
  })

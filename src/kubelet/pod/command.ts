import type { Instant } from '#lib/clock.ts'

/**
 * What a pod's worker does, as data. All but `event` are operations: they run side by side, each at most once at a time, and the pod is
 * looked at again when one ends.
 */
export type PodCommand =
  | { readonly do: 'prepare-volumes' }
  /** Stops `replaces` first; the new one gets the network. */
  | { readonly do: 'run-sandbox'; readonly attempt: number; readonly replaces?: readonly string[] }
  | { readonly do: 'ensure-image'; readonly container: string }
  /** Creates and starts it, and runs its postStart hook. `previousFinishedAt`: a restart, which raises the delay of the next one. */
  | {
      readonly do: 'start-container'
      readonly container: string
      readonly sandboxId: string
      readonly attempt: number
      readonly previousFinishedAt?: Instant
    }
  /** The hook alone, for a container whose turn to stop has not come. */
  | { readonly do: 'pre-stop'; readonly id: string; readonly container: string; readonly deadlineAt: Instant }
  /** The preStop hook unless it ran, then TERM, then KILL at the deadline. */
  | {
      readonly do: 'stop-container'
      readonly id: string
      readonly container: string
      readonly deadlineAt: Instant
      readonly message: string
      /** It shall run again, however it ends. */
      readonly condemn: boolean
      /** There is no time for its preStop hook. */
      readonly skipsHook?: boolean
    }
  /** New requests and limits for containers that go on running, and for the pod's group. */
  | { readonly do: 'resize-pod' }
  | { readonly do: 'remove-container'; readonly id: string; readonly logPath: string; readonly keepsLog?: boolean }
  | { readonly do: 'stop-sandbox'; readonly id: string }
  | { readonly do: 'remove-sandbox'; readonly id: string }
  /** What resource managers gave to the pod becomes free. */
  | { readonly do: 'release' }
  /** Tears the volumes down and removes the cgroup. */
  | { readonly do: 'clean-up' }
  /** The last act for a deleted pod: its object goes from the API. */
  | { readonly do: 'delete-pod' }
  /** Nothing of the pod is left on the node. */
  | { readonly do: 'forget' }
  /** Told once for each `key`. */
  | {
      readonly do: 'event'
      readonly key: string
      readonly type: 'Normal' | 'Warning'
      readonly reason: string
      readonly message: string
      readonly container?: string
    }

/** Two commands with one key are the same operation. */
export function operationKey(command: PodCommand): string {
  switch (command.do) {
    case 'ensure-image':
    case 'start-container':
      return `${command.do} ${command.container}`
    case 'pre-stop':
    case 'stop-container':
    case 'remove-container':
    case 'stop-sandbox':
    case 'remove-sandbox':
      return `${command.do} ${command.id}`
    case 'event':
      return command.key
    default:
      return command.do
  }
}

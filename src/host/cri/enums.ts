/** The numbers of CRI's enumerations (api.proto), by name. */

export const protocol = { TCP: 0, UDP: 1, SCTP: 2 } as const
/** `MountPropagation`. */
export const propagation = { None: 0, HostToContainer: 1, Bidirectional: 2 } as const
/** `NamespaceMode`. */
export const namespaceMode = { pod: 0, container: 1, node: 2, target: 3 } as const
/** `SecurityProfile.ProfileType`. */
export const profileType = { RuntimeDefault: 0, Unconfined: 1, Localhost: 2 } as const
/** `CgroupDriver`, by its number. */
export const cgroupDrivers = ['systemd', 'cgroupfs'] as const
/** `SupplementalGroupsPolicy`. */
export const groupsPolicy = { Merge: 0, Strict: 1 } as const
/** `PodSandboxState`: 0 is ready. */
export const SANDBOX_READY = 0
/** `ContainerState`, by its number. */
export const containerStates = ['created', 'running', 'exited', 'unknown'] as const
/** `ContainerEventType`, by its number. */
export const containerEvents = ['created', 'started', 'stopped', 'deleted'] as const

/** `Signal`: the position, 0 being the image's own. The real-time ones are counted up from the smallest, then to the largest. */
const signals = [
  'RUNTIME_DEFAULT',
  ...'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS'.split(' '),
  ...'TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN'.split(' '),
  ...Array.from({ length: 15 }, (_, i) => `RTMIN+${i + 1}`),
  ...Array.from({ length: 14 }, (_, i) => `RTMAX-${14 - i}`),
  'RTMAX',
]

/** The number of `SIGTERM`, `SIGRTMIN+3` …; 0 for none or an unknown one. */
export const signalNumber = (name: string | undefined): number =>
  name === undefined ? 0 : Math.max(0, signals.indexOf(name.replace(/^SIG/, '')))

/** `SIGTERM` for its number; '' for one that is none. */
export const signalName = (number: number): string => (signals[number] === undefined || number === 0 ? '' : `SIG${signals[number]}`)

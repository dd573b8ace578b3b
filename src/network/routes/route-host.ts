import type { NetworkCommands, PresentNetwork } from './network-state.ts'

/** What the ways between nodes need of the machine. */
export interface RouteHost {
  /** Interfaces, routes, rules and what the VXLAN device was told, as they are now. */
  read(vxlan: string): Promise<PresentNetwork>
  /** In order, ending with the first line that fails: what was done before it stays. */
  apply(commands: NetworkCommands): Promise<void>
  /** Gives both ends of pods' interfaces another MTU; `ports` are the host's ends. A pod that is gone meanwhile is no failure. */
  setPortMtu(ports: readonly string[], mtu: number): Promise<void>
  /** Lets packets with IPv4 loopback addresses pass this device (ip-sysctl of the kernel's documentation, `route_localnet`). */
  routeLoopback(device: string): Promise<void>
  /** Tells each change of the machine's interfaces, addresses, routes and rules, a line each as ip-monitor(8) writes them. `onEnd`: it tells no more. */
  watch(onLine: (line: string) => void, onEnd: (error: unknown) => void): () => void
  /** Whole or not at all. */
  writeFile(path: string, text: string): Promise<void>
  /** One that is not there is no failure. */
  removeFile(path: string): Promise<void>
}

import type { Command } from './command.ts'

/** Every command, in the order in which help shows them. Each is read only when it is called: the others' parts are many. */
const loaders: Readonly<Record<string, () => Promise<Command>>> = {
  up: async () => (await import('./up/up.ts')).up,
  down: async () => (await import('./down.ts')).down,
  reset: async () => (await import('./reset.ts')).reset,
  node: async () => (await import('./node/node.ts')).node,
  join: async () => (await import('./join/join.ts')).join,
  token: async () => (await import('./token/token.ts')).token,
  network: async () => (await import('./network/network.ts')).network,
  status: async () => (await import('./status.ts')).status,
  kubeconfig: async () => (await import('./kubeconfig.ts')).kubeconfig,
  kubectl: async () => (await import('./kubectl.ts')).kubectl,
  image: async () => (await import('./image.ts')).image,
  logs: async () => (await import('./logs.ts')).logs,
  server: async () => (await import('./server.ts')).server,
  simulate: async () => (await import('./simulate/simulate.ts')).simulate,
  why: async () => (await import('./why/why.ts')).why,
  plan: async () => (await import('./plan/plan.ts')).plan,
  version: async () => (await import('./version.ts')).version,
}

export const commandNamed = async (name: string): Promise<Command | undefined> =>
  Object.hasOwn(loaders, name) ? loaders[name]!() : undefined

export const allCommands = (): Promise<readonly Command[]> => Promise.all(Object.values(loaders).map((load) => load()))

import type { ParseArgsOptionsConfig } from 'node:util'
import type { Layout } from '#host/layout.ts'
import type { ServerSettings } from '#host/server-settings.ts'
import type { FaultName } from './simulate/fault-texts.ts'
import type { ManifestText } from './simulate/read-manifests.ts'

/** One word after `wherry`, with its help. Commands are listed once, in `commands.ts`. */
export interface Command {
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** After `wherry NAME`: `[options] FILE…`. */
  readonly usage: string
  readonly options: Readonly<Record<string, Option>>
  /** More help, in full sentences. */
  readonly about?: string
  /** Hands everything after the name over as it is: `kubectl`. */
  readonly passesThrough?: boolean
  /** How many arguments it takes: at least, at most. Absent: none. */
  readonly arguments?: readonly [least: number, most: number]
  /** Resolves with the exit code: 0 done, 1 failed, 2 wrong use. */
  readonly run: (given: Given, terminal: Terminal) => Promise<number>
}

export type Option = ParseArgsOptionsConfig[string] & { readonly help: string; readonly value?: string }

export interface Given {
  /** Lists are those that may be given several times. */
  readonly options: Readonly<Record<string, string | boolean | readonly string[] | undefined>>
  readonly arguments: readonly string[]
  readonly layout: Layout
  readonly env: Readonly<Record<string, string | undefined>>
  /** What only a composition can start, handed in by it. */
  readonly programs: Programs
}

export interface Programs {
  /** Serves in the foreground and resolves once the process was told to stop. */
  readonly server: (options: ForegroundServer) => Promise<void>
  /** Lives a cluster with these manifests in virtual time. */
  readonly simulate: (request: SimulationRequest) => Promise<SimulationResult>
}

/** What is to be simulated. Times in milliseconds. */
export interface SimulationRequest {
  readonly manifests: readonly ManifestText[]
  readonly nodes: number
  readonly zones: number
  readonly cpuCount: number
  readonly memoryBytes: number
  readonly faults: readonly FaultName[]
  readonly forMs: number
  readonly taskMs: number
  /** What containers of images do, in the user's words. */
  readonly images: readonly { readonly name: string; readonly settings: readonly (readonly [name: string, value: string])[] }[]
  readonly seed: number
  readonly namespace: string
}

export interface SimulationResult {
  /** Whether everything is as wished in the end. */
  readonly ok: boolean
  /** Whether manifests were refused, so that nothing was simulated; `text` says which and why. */
  readonly refused: boolean
  readonly report: object
  readonly text: string
}

/** The API server by itself, or the whole control plane, without a node. */
export interface ForegroundServer extends ServerSettings {
  /** Folder of everything it keeps. */
  readonly dataDirectory: string
  readonly host: string
  readonly port: number
  /** Ranges of service addresses, canonical, with a comma between two. Absent: as everywhere else. */
  readonly serviceCIDR?: string
  readonly controllers: boolean
  readonly scheduler: boolean
  /** A bearer token with all rights. */
  readonly adminToken: string | undefined
}

/** What the person sees. */
export interface Terminal {
  readonly out: (text: string) => void
  readonly error: (text: string) => void
  /** Lines may be overwritten, colours shown. */
  readonly interactive: boolean
}

/** Exit codes (sysexits.h where it has one). */
export const exit = { done: 0, failed: 1, usage: 2, unavailable: 69, noPermission: 77 } as const

import { fileURLToPath } from 'node:url'
import { type Layout, paths } from './layout.ts'

/** The processes that run in the background of a node. */
export type ProcessName = 'server' | 'agent'

/** The file to run. With the argument `warm` it only fills the compile cache, and ends. */
export const processProgram = (name: ProcessName): string => fileURLToPath(new URL(`../main/${name}.ts`, import.meta.url))

/** How `server` and `agent` are started on Node, so that they cost little where little happens. `bench/` measures what each choice saves. */
export const processFlags = (name: ProcessName): readonly string[] => [
  '--disable-warning=ExperimentalWarning',
  `--max-semi-space-size=${youngGenerationMb[name]}`,
]

/**
 * Half of V8's young generation at most. It grows with the load and shrinks again: the server answers a tenth more writes a second with 16 than
 * with 4 and is 2 MB bigger when idle; the agent never makes garbage fast enough to gain by it.
 */
const youngGenerationMb: Readonly<Record<ProcessName, number>> = { server: 16, agent: 2 }

/** Where a process finds its folders, and what Node and the C library can only be told by the environment. */
export function processEnvironment(layout: Layout): Readonly<Record<string, string>> {
  return {
    WHERRY_DATA: layout.dataDirectory,
    WHERRY_RUN: layout.runDirectory,
    ...(layout.compileCache !== undefined && { WHERRY_CACHE: layout.compileCache }),
    // A cache that the program opens itself comes too late for its first file and is unknown to its threads: each then loads Node's type
    // stripper, which costs a quarter of the start and 20 MB for as long as the process lives.
    NODE_COMPILE_CACHE: paths(layout).compileCache,
    // glibc would give each of a dozen threads a heap of its own, of which what was free once stays resident.
    MALLOC_ARENA_MAX: '1',
  }
}

import { type Layout, paths } from './layout.ts'

/** How `server` and `agent` are started on Node, so that they cost little where little happens. `bench/` measures what each choice saves. */
export const processFlags: readonly string[] = [
  '--disable-warning=ExperimentalWarning',
  // A small young generation keeps resident memory low; what lives long is small here.
  '--max-semi-space-size=4',
]

/** Where a process finds its folders, and what Node and the C library can only be told by the environment. */
export function processEnvironment(layout: Layout): Readonly<Record<string, string>> {
  return {
    WHERRY_DATA: layout.dataDirectory,
    WHERRY_RUN: layout.runDirectory,
    // A cache that the program opens itself comes too late for its first file and is unknown to its threads: each then loads Node's type
    // stripper, which costs a quarter of the start and 20 MB for as long as the process lives.
    NODE_COMPILE_CACHE: paths(layout).compileCache,
    // glibc would give each of a dozen threads a heap of its own, of which what was free once stays resident.
    MALLOC_ARENA_MAX: '1',
  }
}

import { canary } from '#network/rules-check.ts'
import { run } from './run.ts'

/** nft(8) of a network namespace. */
export interface Nft {
  /** One transaction: all of it or nothing. */
  nft(text: string): Promise<void>
  /** Whether these tables, such as `ip wherry`, are there and lead packets to their chain `canary`. */
  hasRules(tables: readonly string[]): Promise<boolean>
}

/** `prefix`: words before the program, such as `ip netns exec NAME` in tests. */
export function createNft(prefix: readonly string[] = []): Nft {
  const [program = 'nft', ...before] = [...prefix, 'nft']
  const exec = (words: readonly string[], input: string, accept: readonly number[] = []) =>
    run(program, [...before, ...words], { timeoutMs: 60_000, input, accept })
  return {
    async nft(text) {
      await exec(['-f', '-'], text)
    },
    async hasRules(tables) {
      // A dry run (-c): nothing is deleted, and what is in use is refused.
      const { stderr } = await exec(['-c', '-f', '-'], tables.map((table) => `delete chain ${table} ${canary}\n`).join(''), [1])
      return [...stderr.matchAll(/resource busy/g)].length === tables.length
    },
  }
}

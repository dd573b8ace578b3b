import { WherryError } from '#lib/errors.ts'
import { canary, type RulesHost } from '#network/rules-check.ts'
import { run } from './run.ts'

/** nft(8) of a network namespace. */
export interface Nft extends RulesHost {
  /** One transaction: all of it or nothing. */
  nft(text: string): Promise<void>
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
    async listRules(tables) {
      const families = [...new Set(tables.map((table) => table.split(' ')[0]!))]
      // Of a table, or a chain, nft 1.0.6 reads all elements even where it is not to show them; of a ruleset it does not.
      const words = ['--terse', '--stateless', '--handle', '-f', '-']
      const { stdout } = await exec(words, families.map((family) => `list ruleset ${family}\n`).join(''))
      if (stdout !== '' && !stdout.endsWith('}\n'))
        throw new WherryError('RequestEntityTooLarge', 'there are more rules than can be looked through')
      return stdout
    },
  }
}

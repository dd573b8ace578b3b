import { parseArgs } from 'node:util'
import type { Layout } from '#host/layout.ts'
import { isError } from '#lib/errors.ts'
import type { Command, Given, Programs, Terminal } from './command.ts'
import { exit } from './command.ts'
import { allCommands, commandNamed } from './commands.ts'
import { helpOf, overview } from './help.ts'

export interface Call {
  readonly words: readonly string[]
  readonly layout: Layout
  readonly env: Readonly<Record<string, string | undefined>>
  readonly terminal: Terminal
  readonly programs: Programs
}

/** Runs one `wherry` call and resolves with its exit code. An error becomes one message on standard error. */
export async function cli({ words, layout, env, terminal, programs }: Call): Promise<number> {
  const [name, ...rest] = words
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') return help(rest[0], terminal)
  const command = await commandNamed(name === '--version' ? 'version' : name)
  if (!command) return wrong(terminal, `there is no command "${name}"`, 'wherry help')
  if (!command.passesThrough && (rest.includes('--help') || rest.includes('-h'))) return help(command.name, terminal)
  const given = read(command, rest)
  if (typeof given === 'string') return wrong(terminal, given, `wherry ${command.name} --help`)
  try {
    return await command.run({ ...given, layout, env, programs }, terminal)
  } catch (error) {
    terminal.error(`wherry ${command.name}: ${error instanceof Error ? error.message : String(error)}\n`)
    if (!isError(error) && error instanceof Error && env['WHERRY_DEBUG']) terminal.error(`${error.stack}\n`)
    return isError(error, 'ServiceUnavailable')
      ? exit.unavailable
      : isError(error, 'Forbidden')
        ? exit.noPermission
        : isError(error, 'BadRequest')
          ? exit.usage
          : exit.failed
  }
}

async function help(name: string | undefined, terminal: Terminal): Promise<number> {
  const command = name === undefined ? undefined : await commandNamed(name)
  if (name !== undefined && name !== 'help' && !command) return wrong(terminal, `there is no command "${name}"`, 'wherry help')
  terminal.out(command ? helpOf(command) : overview(await allCommands()))
  return exit.done
}

function wrong(terminal: Terminal, problem: string, ask: string): number {
  terminal.error(`wherry: ${problem}; "${ask}" shows what there is\n`)
  return exit.usage
}

/** Options and arguments, or what is wrong with them. */
function read(command: Command, words: readonly string[]): Pick<Given, 'options' | 'arguments'> | string {
  if (command.passesThrough) return { options: {}, arguments: words }
  const [least, most] = command.arguments ?? [0, 0]
  try {
    const { values, positionals } = parseArgs({ args: [...words], options: optionsOf(command), allowPositionals: true })
    if (positionals.length < least) return `wherry ${command.name} needs ${command.usage}`
    if (positionals.length > most) return `wherry ${command.name} does not take "${positionals[most]}"`
    return { options: values as Given['options'], arguments: positionals }
  } catch (error) {
    return (error as Error).message
  }
}

const optionsOf = (command: Command) =>
  Object.fromEntries(Object.entries(command.options).map(([name, { help: _help, value: _value, ...option }]) => [name, option]))

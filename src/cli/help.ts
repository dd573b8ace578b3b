import type { Command } from './command.ts'

/** What `wherry help` prints. */
export function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length))
  return `Wherry: a container cloud on your machines.

Usage: wherry COMMAND [options]

${commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}\n`).join('')}
"wherry COMMAND --help" tells more. Exit status: 0 done, 1 failed, 2 wrong use, 69 something is missing, 77 no permission.
`
}

export function helpOf({ name, summary, usage, options, about }: Command): string {
  const rows = Object.entries(options).map(
    ([option, { short, value, help }]) => [`${short ? `-${short}, ` : ''}--${option}${value ? ` ${value}` : ''}`, help] as const,
  )
  const width = Math.max(0, ...rows.map(([left]) => left.length))
  return [
    `Usage: wherry ${name}${usage ? ` ${usage}` : ''}\n\n${summary}.\n`,
    about ? `\n${about}\n` : '',
    rows.length > 0 ? `\nOptions:\n${rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}\n`).join('')}` : '',
  ].join('')
}

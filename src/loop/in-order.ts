import type { Command, Single } from './controller.ts'

/** What would be done if nothing were done side by side: for tests, and for whoever reads a plan. */
export const inOrder = (commands: readonly Command[]): readonly Single[] =>
  commands.flatMap((command) => (command.do === 'together' ? command.commands : [command]))

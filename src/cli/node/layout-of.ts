import { readConfig } from '#host/config.ts'
import { type Layout, paths } from '#host/layout.ts'
import { WherryError } from '#lib/errors.ts'
import { localLayouts } from './listed-nodes.ts'

/** The layouts of all nodes of this machine by their names; nothing where there is none. */
export function layoutsHere(layout: Layout): ReadonlyMap<string, Layout> {
  const config = readConfig(paths(layout).config)
  return config ? localLayouts(layout, config) : new Map()
}

/** Of the node that an option names; the first where it names none. Throws `NotFound`. */
export function layoutOf(layout: Layout, name: unknown): Layout {
  if (typeof name !== 'string') return layout
  const all = layoutsHere(layout)
  const own = all.get(name)
  if (!own) throw new WherryError('NotFound', `this machine has no node ${name}; it has ${[...all.keys()].join(', ') || 'none yet'}`)
  return own
}

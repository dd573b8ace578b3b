/** One number a row. `values` is another array once there are more rows: hold the column, not the array. */
export interface Column32 {
  values: Int32Array
}

/** Columns over the same rows (nodes, or the domains of one topology), which grow together. */
export interface Columns {
  take(): Column32
  give(column: Column32): void
  /** Room for so many rows. */
  ensure(rows: number): void
}

/** Columns whose every value is 0 at first. */
export function createColumns(rowsAtFirst = 16): Columns {
  const columns = new Set<Column32>()
  let capacity = rowsAtFirst
  return {
    take() {
      const column = { values: new Int32Array(capacity) }
      columns.add(column)
      return column
    },
    give: (column) => void columns.delete(column),
    ensure(rows) {
      if (rows <= capacity) return
      while (capacity < rows) capacity *= 2
      for (const column of columns) {
        const larger = new Int32Array(capacity)
        larger.set(column.values)
        column.values = larger
      }
    },
  }
}

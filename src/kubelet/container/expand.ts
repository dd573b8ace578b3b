/**
 * `$(NAME)` replaced by a variable's value; `$$` is a dollar; a name that is unknown stays as written (Kubernetes documentation, "Define
 * Dependent Environment Variables").
 */
export function expand(text: string, lookUp: (name: string) => string | undefined): string {
  return text.replace(/\$\$|\$\(([^)]*)\)/g, (whole, name: string | undefined) => (name === undefined ? '$' : (lookUp(name) ?? whole)))
}

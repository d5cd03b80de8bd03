/** A module of millrace as it is installed, by its path in `dist/`. */
export function measured<Module>(path: string): Promise<Module> {
  return import(new URL(`../../dist/${path}`, import.meta.url).href) as Promise<Module>
}

declare module "*.css" {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: the bundler's text loader exports the file's text as default
  export default text;
}
declare module "*.md" {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: as above
  export default text;
}
declare module "*.svg" {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: as above
  export default text;
}
declare module "*.js" {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: as above
  export default text;
}

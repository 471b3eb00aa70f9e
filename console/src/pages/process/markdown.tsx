// Markdown of a script, who may be anybody: HTML in it is shown as text, and links lead only to http, https and mail.
import { micromark } from "micromark";
import { gfmTable, gfmTableHtml } from "micromark-extension-gfm-table";

export function Markdown({ text }: { text: string }) {
  const html = micromark(text, { extensions: [gfmTable()], htmlExtensions: [gfmTableHtml()] });
  return <div className="markdown" tabIndex={0} role="region" aria-labelledby="summary" dangerouslySetInnerHTML={{ __html: html }} />;
}

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./theme.css";
import "./parts/parts.css";
import { App } from "./app.tsx";
import { begin } from "./session.ts";
import { applyTheme } from "./theme.ts";

applyTheme();
void begin();
createRoot(document.getElementById("root")!).render(<StrictMode><App /></StrictMode>);

// A small bot on discord.js: it says what it heard, by each way a bot can be spoken to.
const {
  ActionRowBuilder, ApplicationCommandType, ButtonBuilder, ButtonStyle, Client, Events,
  GatewayIntentBits, MessageFlags, ModalBuilder, Partials, TextInputBuilder, TextInputStyle,
} = require("discord.js");

const [api, token] = process.argv.slice(2);
const client = new Client({
  intents: [
    GatewayIntentBits.Guilds,
    GatewayIntentBits.GuildMessages,
    GatewayIntentBits.DirectMessages,
    GatewayIntentBits.MessageContent,
  ],
  partials: [Partials.Channel, Partials.Message],
  rest: { api, version: "10" },
});

const quiet = { allowedMentions: { parse: [] } };

client.on(Events.MessageCreate, async (message) => {
  if (message.author.bot) return;
  await message.channel.sendTyping();
  if (message.guild && message.channel.type === 0) {
    const thread = await message.startThread({ name: `About ${message.content}` });
    await thread.send({ content: `In a thread: ${message.content}`, ...quiet });
    return;
  }
  const press = new ButtonBuilder().setCustomId("press").setLabel("Press").setStyle(ButtonStyle.Primary);
  const said = await message.reply({
    content: "It grows",
    files: [{ attachment: Buffer.from("seven"), name: "a.txt" }],
    components: [new ActionRowBuilder().addComponents(press)],
    nonce: `n${message.id}`.slice(0, 25),
    enforceNonce: true,
    ...quiet,
  });
  const found = await message.channel.messages.fetch({ limit: 10, after: "0" });
  await said.edit({ content: `Heard ${message.content}; there are ${found.size}`, ...quiet });
});

client.on(Events.MessageUpdate, async (_, now) => {
  if (!now.author.bot) await now.channel.send(`Edited to ${now.content}`);
});

client.on(Events.MessageDelete, async (gone) => {
  await gone.channel.send(`Deleted ${gone.id}`);
});

client.on(Events.InteractionCreate, async (interaction) => {
  if (interaction.isChatInputCommand()) {
    await interaction.deferReply();
    await interaction.editReply(`Asked ${interaction.options.getString("question")}`);
    await interaction.followUp({ content: "For you alone", flags: MessageFlags.Ephemeral });
  } else if (interaction.isMessageContextMenuCommand()) {
    const line = new TextInputBuilder()
      .setCustomId("question").setLabel("Your question").setStyle(TextInputStyle.Short);
    const form = new ModalBuilder().setCustomId(`about ${interaction.targetMessage.content}`)
      .setTitle("Ask").addComponents(new ActionRowBuilder().addComponents(line));
    await interaction.showModal(form);
  } else if (interaction.isModalSubmit()) {
    const asked = interaction.fields.getTextInputValue("question");
    await interaction.reply(`${asked} (${interaction.customId})`);
  } else if (interaction.isButton()) {
    await interaction.update({ content: "Pressed", components: [] });
    await interaction.deleteReply();
  }
});

for (const name of ["error", "warn"]) client.on(name, (what) => console.error(name, what));
process.on("unhandledRejection", (error) => console.error(error));

client.once(Events.ClientReady, async () => {
  await client.application.commands.set([
    {
      name: "ask",
      description: "Ask",
      options: [{ type: 3, name: "question", description: "What?", required: true }],
    },
    { name: "Ask about this message", type: ApplicationCommandType.Message },
  ]);
  console.log("ready");
});
client.login(token);
